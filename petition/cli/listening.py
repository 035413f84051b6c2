"""Where the web server listens: one socket for each of its processes, and nobody else's."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from petition.errors import PetitionError

BACKLOG: Final = 1024
UNREAD_SECONDS: Final = 30
"""How long an answer may wait for its reader to take a byte of it."""
PID_FILE: Final = "web.pid"


class CannotListen(PetitionError):
    """The web server cannot listen there."""


class AlreadyServed(PetitionError):
    """Another web server runs on this instance."""


def listen(host: str, port: int, processes: int) -> list[socket.socket]:
    """Listening sockets at one address, one for each process; raises CannotListen.

    Sockets that share a port let in every program of the same user, so a second server would get
    half of the visitors. The first socket does not share, and fails where anybody listens, to all
    addresses or to one; only then it makes room for ours.
    """
    try:
        family, address = _resolve(host, port)
        first = _listening(family, address, shared=False)
        # Elsewhere than on Linux, sockets at one port do not share the visitors between them.
        if processes == 1 or sys.platform != "linux":
            return [first] * processes
        with first:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            return [_listening(family, address, shared=True) for _ in range(processes)]
    except OSError as error:
        raise CannotListen(_reason(error, host, port)) from None


def _resolve(host: str, port: int) -> tuple[int, tuple[object, ...]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return found[0][0], found[0][4]


def _listening(family: int, address: tuple[object, ...], *, shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Connections inherit both.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
        made.bind(address)
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use: something else listens there. "
            "PORT=8080, say, takes another one"
        )
    if error.errno == errno.EACCES:
        return f"port {port} is not for this user to listen at; PORT takes one from 1024 up"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"--host takes an address of this machine, which {host} is not"
    return f"cannot listen at {host}, port {port}: {error.strerror}"


@contextmanager
def pid_file(instance: Path) -> Iterator[None]:
    """INSTANCE/web.pid names this process for as long as the block lasts; raises AlreadyServed.

    The lock on the file says whether its process lives, for a number may be another one's by now.
    It is the process's own: neither its children have it, nor does it outlive a kill.
    """
    path = instance / PID_FILE
    handle = _locked(path)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        if os.getpid() == _owner(handle):
            path.unlink(missing_ok=True)
        os.close(handle)


def _locked(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            owner = _owner(handle)
            os.close(handle)
            raise AlreadyServed(
                f"the instance {path.parent} is served already, by process {owner}; "
                "a second web server takes another PETITION_INSTANCE"
            ) from None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle
        os.close(handle)  # its owner took the file away just before the lock was ours


def _owner(handle: int) -> int | None:
    text = os.pread(handle, 32, 0).strip()
    return int(text) if text.isdigit() else None

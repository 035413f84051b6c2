"""Answers that are made while they are sent: through a pipe, at the pace of their reader."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import time
from array import array
from collections.abc import Callable, Iterable
from fcntl import ioctl
from ipaddress import ip_address
from termios import FIONREAD
from typing import Final

from petition.web.http.gateway.exchange import Exchange, Headers, close, tell

UNREAD_SECONDS: Final = 30
"""How long an answer waits for its reader to take more of it."""

_BODILESS: Final = frozenset({204, 304})

log = logging.getLogger(__name__)


class Started:
    """What the app says of its answer before the body of it."""

    __slots__ = ("headers", "status")

    def __init__(self) -> None:
        self.status = 500
        self.headers: Headers = []

    def __call__(self, status: str, headers: Headers, exc_info: object = None) -> None:
        self.status, self.headers = int(status.split(" ", 1)[0]), headers

    @property
    def whole(self) -> bool:
        """True when the length is known, which it is of what lies ready in memory."""
        return self.status in _BODILESS or any(
            name.lower() == "content-length" for name, _ in self.headers
        )


class Stream:
    """An answer that is made while it is sent, through a pipe: no more than fits into it waits."""

    def __init__(
        self,
        exchange: Exchange,
        started: Started,
        parts: Iterable[bytes],
        peer: tuple[str, str],
        release: Callable[[], None],
        done: Callable[[], None],
    ) -> None:
        self._exchange, self._started, self._parts = exchange, started, parts
        self._peer, self._release, self._done = peer, release, done

    def send(self) -> None:
        """Send all of it; what ends before hangs up, so that nobody takes it for the whole."""
        try:
            # Until something is in the pipe nobody can say whether the server has opened it. Were
            # it closed before, the server would send what has got its number meanwhile.
            rest = (part for part in self._parts if part)
            first = next(rest, b"")
            if first:
                self._send(first, rest)
            else:
                self._exchange.response_bytes(self._started.status, self._started.headers, b"")
        except Exception as error:  # nothing was sent: the server answers 500
            tell(error)
        finally:
            close(self._parts)
            self._release()
            self._done()

    def _send(self, first: bytes, rest: Iterable[bytes]) -> None:
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        pipe = _Pipe(reading, writing)
        try:
            self._exchange.response_file(
                self._started.status, self._started.headers, f"/dev/fd/{reading}"
            )
            pipe.write(first)
            for part in rest:
                pipe.write(part)
        except Exception as error:
            _hang_up(self._peer)
            if isinstance(error, OSError):  # the reader went away, or is too slow
                log.info("an answer was not read to its end")
            else:
                tell(error)
        finally:
            pipe.close()


class _Pipe:
    """The end to write into. The other end is open here, too, until the server has opened it."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading: int | None = reading
        self._writing = writing
        self._room = select.poll()
        self._room.register(writing, select.POLLOUT)

    def write(self, data: bytes) -> None:
        """Raises OSError when nobody reads, at once or for UNREAD_SECONDS."""
        left = memoryview(data)
        while left:
            if not self._room.poll(UNREAD_SECONDS * 1000):
                raise TimeoutError
            try:
                written = os.write(self._writing, left)
            except BlockingIOError:  # room, but not for so much
                written = os.write(self._writing, left[: select.PIPE_BUF])
            left = left[written:]
            self._await_reader(written)

    def _await_reader(self, written: int) -> None:
        """Once the server has taken something, it reads for itself."""
        limit = time.monotonic() + UNREAD_SECONDS
        while self._reading is not None:
            if self._held() < written:
                os.close(self._reading)
                self._reading = None
            elif time.monotonic() > limit:
                raise TimeoutError
            else:
                time.sleep(0.001)

    def _held(self) -> int:
        assert self._reading is not None
        found = array("i", [0])
        ioctl(self._reading, FIONREAD, found)
        return found[0]

    def close(self) -> None:
        os.close(self._writing)
        if self._reading is not None:
            os.close(self._reading)


def _hang_up(peer: tuple[str, str]) -> None:
    """End the connection with this other end: the server would end the answer as a whole one."""
    for name in os.listdir("/dev/fd"):
        try:
            own = os.dup(int(name))
        except OSError:  # closed meanwhile
            continue
        try:
            found = socket.socket(fileno=own)
        except OSError:  # a file
            os.close(own)
            continue
        with found, contextlib.suppress(OSError, ValueError):  # a listener, or of another family
            address, port = found.getpeername()[:2]
            if str(port) == peer[1] and ip_address(address) == ip_address(peer[0]):
                found.shutdown(socket.SHUT_RDWR)

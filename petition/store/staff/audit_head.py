"""The audit log's head: which row was its last, kept in a file outside the database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from petition.errors import PetitionError
from petition.files import write_whole

MAC_LENGTH = 32


class HeadBroken(PetitionError):
    """The file with the audit log's head cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """A row of the audit log, by its number and its mac."""

    number: int
    mac: bytes


class HeadFile:
    """One line: the last row that this machine saw committed. It may be some rows behind.

    Each machine keeps its own, for the rows of all of them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Head | None:
        """None where nothing is kept yet. Raises HeadBroken, and OSError."""
        try:
            text = self._path.read_text(encoding="ascii")
            number, mac = text.split()
            head = Head(number=int(number), mac=bytes.fromhex(mac))
        except FileNotFoundError:
            return None
        except ValueError:
            raise HeadBroken(f"{self._path} cannot be read") from None
        if len(head.mac) != MAC_LENGTH:
            raise HeadBroken(f"{self._path} cannot be read")
        return head

    def advance(self, head: Head) -> None:
        """Keep this one, unless a later one is kept. Raises HeadBroken, and OSError."""
        with self._alone():
            kept = self.read()
            if kept is None or kept.number < head.number:
                self._write(head)

    def replace(self, head: Head) -> None:
        """Keep this one, whatever was kept. Raises OSError."""
        with self._alone():
            self._write(head)

    def _write(self, head: Head) -> None:
        owner = self._path.parent.stat()  # root's commands must not take it from the service
        write_whole(self._path, [f"{head.number} {head.mac.hex()}\n".encode("ascii")], owner=owner)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time looks and writes: the file itself is another one afterwards."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._path.with_name(f"{self._path.name}.lock")
        owner = self._path.parent.stat()
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with suppress(PermissionError):
                os.fchown(handle, owner.st_uid, owner.st_gid)
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

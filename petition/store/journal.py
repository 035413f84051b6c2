"""The journal: what was erased and blocked, kept outside the database, so that an old copy of the
database that is put back forgets again. It holds keyed hashes of addresses and no address.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from petition.config import sync_folder
from petition.errors import PetitionError

ERASED: Final = "erased"
BLOCKED: Final = "blocked"
UNBLOCKED: Final = "unblocked"
VERBS: Final = (ERASED, BLOCKED, UNBLOCKED)


class JournalBroken(PetitionError):
    """A line of the journal of erasures cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One deed: to which address of which campaign, and when."""

    verb: str
    slug: str
    address_key: bytes
    at: datetime


class Journal:
    """A text file, one line a deed, synced to the disk before anybody is told that it is done."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, line: Line) -> None:
        """Write a line before the deed is committed: a deed too many forgets what was asked for."""
        is_new = not self._path.exists()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # O_APPEND: several processes write whole lines, one after the other.
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, _spelled(line))
            os.fsync(handle)
        finally:
            os.close(handle)
        if is_new:
            sync_folder(self._path.parent)

    def lines(self) -> Iterator[Line]:
        """Every line, oldest first. Raises JournalBroken; a last line cut short is no deed."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return
        for number, line in enumerate(text.split(b"\n")[:-1], start=1):
            try:
                yield _read(line.decode("ascii"))
            except ValueError:
                raise JournalBroken(f"{self._path}: line {number} cannot be read") from None


def _spelled(line: Line) -> bytes:
    at = line.at.astimezone(UTC).isoformat()
    return f"{at} {line.verb} {line.slug} {line.address_key.hex()}\n".encode("ascii")


def _read(text: str) -> Line:
    at, verb, slug, key = text.split(" ")
    if verb not in VERBS:
        raise ValueError(verb)
    return Line(verb=verb, slug=slug, address_key=bytes.fromhex(key), at=datetime.fromisoformat(at))

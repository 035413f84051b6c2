"""The erasure journal: what was erased and blocked, kept outside the database, so that an old
copy of the database that is put back forgets again. It holds keyed hashes and no address.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from petition.errors import PetitionError, StoreUnavailable
from petition.files import sync_folder, tighten


class Verb(StrEnum):
    """What was done; these words stand in the file."""

    ERASED = "erased"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"


ERASED: Final = Verb.ERASED
BLOCKED: Final = Verb.BLOCKED
UNBLOCKED: Final = Verb.UNBLOCKED
EVERY_CAMPAIGN: Final = "*"
"""In the place of a campaign's name: the erasure is for all of them."""
VERBS: Final = tuple(Verb)

KEY_LENGTH: Final = 16
BLOCK: Final = 1024


class JournalBroken(PetitionError):
    """A line of the journal of erasures cannot be read."""


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """One erasure or block: of which address of which campaign, or of all, and when."""

    verb: str
    slug: str
    address_key: bytes
    at: datetime


class Journal:
    """A text file, one line for each erasure or block.

    It is synced to the disk before anybody is told that it is done.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, line: JournalEntry) -> None:
        """Write a line before it is committed: one too many forgets what was asked for.

        Raises StoreUnavailable when the line cannot be kept.
        """
        try:
            self._append(_spelled(line))
        except OSError:
            raise StoreUnavailable from None

    def _append(self, text: bytes) -> None:
        is_new = not self._path.exists()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            tighten(self._path)
            fcntl.flock(handle, fcntl.LOCK_EX)  # one process at a time looks at the end and writes
            _write_whole(handle, text, after=_cut_short(handle))
            os.fsync(handle)
        finally:
            os.close(handle)
        if is_new:
            sync_folder(self._path.parent)

    def lines(self) -> Iterator[JournalEntry]:
        """Every line, oldest first. Raises JournalBroken; a last line cut short is left out."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return
        for number, line in enumerate(text.split(b"\n")[:-1], start=1):
            try:
                yield _read(line.decode("ascii"))
            except ValueError:
                raise JournalBroken(f"{self._path}: line {number} cannot be read") from None


def _cut_short(handle: int) -> int:
    """Cut off a last line without an end, that a power cut left; the length of what stays.

    Nobody was told that it is done. The next line written behind it would be lost with it.
    """
    size = end = os.fstat(handle).st_size
    while end:
        begin = max(end - BLOCK, 0)
        found = os.pread(handle, end - begin, begin).rfind(b"\n")
        if found >= 0:
            end = begin + found + 1
            break
        end = begin
    if end < size:
        os.ftruncate(handle, end)
    return end


def _write_whole(handle: int, text: bytes, *, after: int) -> None:
    """All of the line or nothing of it: a full disk takes a part."""
    if os.write(handle, text) != len(text):
        os.ftruncate(handle, after)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _spelled(line: JournalEntry) -> bytes:
    at = line.at.astimezone(UTC).isoformat()
    return f"{at} {line.verb} {line.slug} {line.address_key.hex()}\n".encode("ascii")


def _read(text: str) -> JournalEntry:
    when, verb, slug, key = text.split(" ")
    at, address_key = datetime.fromisoformat(when), bytes.fromhex(key)
    if verb not in VERBS or at.tzinfo is None or len(address_key) != KEY_LENGTH:
        raise ValueError(text)
    return JournalEntry(verb=verb, slug=slug, address_key=address_key, at=at)

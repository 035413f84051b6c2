"""Files that we write: whole or not at all, and readable by their owner only."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
"""What group and others may do, by the bits of a file's mode."""


def without_a_name(in_memory: int) -> IO[bytes]:
    """A file that goes when it is closed; on the disk from so many bytes on: nothing in clear."""
    return tempfile.SpooledTemporaryFile(max_size=in_memory)


def write_whole(
    path: Path, chunks: Iterable[bytes], *, owner: os.stat_result | None = None
) -> None:
    """The file's new bytes (0600), in place of what was there; nothing is left where it fails.

    With `owner`, the file goes to that user and group, as far as we may give it away.
    """
    temporary = _written_beside(path, chunks, owner)
    with _gone_if_it_fails(temporary):
        os.replace(temporary, path)
    sync_folder(path.parent)


def write_once(path: Path, data: bytes) -> None:
    """The file, unless it is there: of two processes that write it at once, one does (0600)."""
    temporary = _written_beside(path, [data], None)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)
    sync_folder(path.parent)


def _written_beside(path: Path, chunks: Iterable[bytes], owner: os.stat_result | None) -> str:
    """A synced file with these bytes in the same folder."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")  # 0600
    with _gone_if_it_fails(temporary), os.fdopen(handle, "wb") as file:
        if owner is not None:
            with contextlib.suppress(PermissionError):
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return temporary


@contextlib.contextmanager
def _gone_if_it_fails(temporary: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_private(path: str | os.PathLike[str]) -> None:
    """Make a new file 0600 from its first moment; take group's and others' rights from an old one.

    Never gives a right. Somebody else's file stays as it is: doctor says so.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    tighten(path)


def tighten(path: str | os.PathLike[str]) -> None:
    """Take group's and others' rights from a file of ours, if it is there."""
    with contextlib.suppress(FileNotFoundError, PermissionError):
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode) and mode & OTHERS:
            os.chmod(path, stat.S_IMODE(mode) & ~OTHERS)

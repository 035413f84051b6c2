"""Files that we write: whole or not at all, and on the disk, file and name, before we go on."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from petition import files

OLD, NEW = b"the old words\n", b"the new words\n"


def whole(path: Path) -> None:
    files.write_whole(path, [NEW])


def once(path: Path) -> None:
    files.write_once(path, NEW)


@pytest.mark.parametrize("write", [whole, once])
def test_the_file_is_synced_before_its_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    path, done = tmp_path / "words.txt", list[tuple[str, bool]]()
    fsync = os.fsync

    def noted(handle: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        done.append(("folder" if is_folder else "file", path.exists()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    write(path)
    assert done == [("file", False), ("folder", True)]
    assert path.read_bytes() == NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(OLD)

    def chunks() -> Iterator[bytes]:
        yield NEW[:5]
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        files.write_whole(path, chunks())
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(OLD)
    once(path)
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]

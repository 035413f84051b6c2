"""The disk that can be filled: full is full, for root too, and what was taken comes back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.failure import Unavailable
from drills.small_disk import MEGABYTE, SmallDisk, require_mounts


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        require_mounts()
        made = SmallDisk(tmp_path, 8)
    except Unavailable as error:
        if os.environ.get("CI") == "true":
            raise  # continuous integration leaves no layer out
        pytest.skip(str(error))
    with contextlib.closing(made):
        yield made


def test_it_is_full_to_the_last_block_and_empty_again(disk: SmallDisk) -> None:
    before = disk.free
    taken = disk.fill()
    assert MEGABYTE < taken <= before
    with pytest.raises(OSError, match="No space left"):
        (disk.mount / "more").write_bytes(os.urandom(65536))
    (disk.mount / "more").unlink(missing_ok=True)
    disk.empty()
    assert disk.free > before - MEGABYTE


def test_its_mount_goes_with_it(tmp_path: Path, disk: SmallDisk) -> None:
    assert os.path.ismount(disk.mount)
    disk.close()
    assert not os.path.ismount(disk.mount)

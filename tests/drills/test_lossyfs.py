"""The lossy disk keeps what was synced, forgets the rest, and carries real databases."""

import mmap
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drills.disk import LossyDisk, require_fuse
from drills.failure import Unavailable
from drills.lossyfs import Extents

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LossyDisk]:
    try:
        require_fuse()
    except Unavailable as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(reason))
    with closing(LossyDisk(tmp_path)) as disk:
        disk.power_on()
        yield disk


def write(path: Path, data: bytes, *, sync: bool, offset: int = 0) -> None:
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    os.pwrite(fd, data, offset)
    if sync:
        os.fsync(fd)
    os.close(fd)


def sync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)


def test_synced_bytes_stay_and_others_do_not(disk: LossyDisk) -> None:
    write(disk.mount / "a", b"kept", sync=True)
    write(disk.mount / "a", b"LOST", sync=False)
    assert (disk.mount / "a").read_bytes() == b"LOST"
    forgotten = disk.cut()
    assert (disk.durable / "a").read_bytes() == b"kept"
    assert (forgotten.files, forgotten.bytes) == (1, 4)


def test_closing_a_file_does_not_keep_it(disk: LossyDisk) -> None:
    (disk.mount / "a").write_bytes(b"closed")
    disk.cut()
    assert not (disk.durable / "a").exists()


def test_fdatasync_and_dsync_keep(disk: LossyDisk) -> None:
    fd = os.open(disk.mount / "a", os.O_RDWR | os.O_CREAT)
    os.write(fd, b"fdatasync")
    os.fdatasync(fd)
    os.close(fd)
    fd = os.open(disk.mount / "b", os.O_RDWR | os.O_CREAT | os.O_DSYNC)
    os.write(fd, b"dsync")
    os.close(fd)
    disk.cut()
    assert (disk.durable / "a").read_bytes() == b"fdatasync"
    assert (disk.durable / "b").read_bytes() == b"dsync"


def test_syncing_a_folder_keeps_names_without_bytes(disk: LossyDisk) -> None:
    write(disk.mount / "a", b"bytes", sync=False)
    sync_folder(disk.mount)
    disk.cut()
    assert (disk.durable / "a").read_bytes() == b""


def test_syncing_a_file_keeps_its_name_and_folders(disk: LossyDisk) -> None:
    (disk.mount / "x" / "y").mkdir(parents=True)
    write(disk.mount / "x" / "y" / "a", b"deep", sync=True)
    write(disk.mount / "x" / "b", b"beside", sync=False)
    disk.cut()
    assert (disk.durable / "x" / "y" / "a").read_bytes() == b"deep"
    assert not (disk.durable / "x" / "b").exists()


def test_a_rename_holds_once_the_folder_is_synced(disk: LossyDisk) -> None:
    for name in ("a", "b"):
        write(disk.mount / name, b"old", sync=True)
        write(disk.mount / f"{name}.new", b"new", sync=True)
        os.rename(disk.mount / f"{name}.new", disk.mount / name)
        if name == "a":
            sync_folder(disk.mount)
    disk.cut()
    assert (disk.durable / "a").read_bytes() == b"new"
    assert not (disk.durable / "a.new").exists()
    assert (disk.durable / "b").read_bytes() == b"old"
    assert (disk.durable / "b.new").read_bytes() == b"new"


def test_a_renamed_and_synced_file_has_one_name(disk: LossyDisk) -> None:
    write(disk.mount / "a", b"one", sync=True)
    os.rename(disk.mount / "a", disk.mount / "b")
    write(disk.mount / "b", b"two", sync=True)
    disk.cut()
    assert (disk.durable / "b").read_bytes() == b"two"
    assert not (disk.durable / "a").exists()


def test_a_removed_file_comes_back_until_the_folder_is_synced(disk: LossyDisk) -> None:
    for name in ("a", "b"):
        (disk.mount / name).mkdir()
        write(disk.mount / name / "file", b"here", sync=True)
        (disk.mount / name / "file").unlink()
    sync_folder(disk.mount / "a")
    disk.cut()
    assert not (disk.durable / "a" / "file").exists()
    assert (disk.durable / "b" / "file").read_bytes() == b"here"


def test_a_link_without_a_synced_folder_is_forgotten(disk: LossyDisk) -> None:
    write(disk.mount / "a", b"key", sync=True)
    os.link(disk.mount / "a", disk.mount / "b")
    (disk.mount / "a").unlink()
    assert (disk.mount / "b").read_bytes() == b"key"
    disk.cut()
    assert (disk.durable / "a").read_bytes() == b"key"
    assert not (disk.durable / "b").exists()


def test_what_was_cut_off_does_not_come_back(disk: LossyDisk) -> None:
    write(disk.mount / "a", b"x" * 10_000, sync=True)
    os.truncate(disk.mount / "a", 100)
    write(disk.mount / "a", b"end", sync=True, offset=9_000)
    disk.cut()
    assert (disk.durable / "a").read_bytes() == b"x" * 100 + b"\0" * 8_900 + b"end"


def test_an_unsynced_truncate_is_forgotten(disk: LossyDisk) -> None:
    write(disk.mount / "a", b"whole", sync=True)
    os.truncate(disk.mount / "a", 0)
    disk.cut()
    assert (disk.durable / "a").read_bytes() == b"whole"


def test_a_file_unlinked_while_open_goes_on(disk: LossyDisk) -> None:
    fd = os.open(disk.mount / "a", os.O_RDWR | os.O_CREAT)
    os.write(fd, b"before")
    (disk.mount / "a").unlink()
    os.pwrite(fd, b"after", 0)
    os.fsync(fd)
    assert os.pread(fd, 6, 0) == b"aftere"
    sync_folder(disk.mount)
    os.close(fd)
    disk.cut()
    assert list(disk.durable.iterdir()) == []


def test_fallocate_and_shared_maps(disk: LossyDisk) -> None:
    fd = os.open(disk.mount / "a", os.O_RDWR | os.O_CREAT)
    os.posix_fallocate(fd, 0, 8192)
    with mmap.mmap(fd, 8192) as shared:
        shared[4096:4100] = b"map!"
        shared.flush()
    os.fsync(fd)
    os.close(fd)
    disk.cut()
    assert (disk.durable / "a").read_bytes() == b"\0" * 4096 + b"map!" + b"\0" * 4092


def test_power_comes_back_to_what_was_kept(disk: LossyDisk) -> None:
    write(disk.mount / "a", b"one", sync=True)
    disk.cut()
    disk.power_on()
    assert (disk.mount / "a").read_bytes() == b"one"
    write(disk.mount / "a", b"two", sync=True)
    write(disk.mount / "b", b"new", sync=False)
    disk.cut()
    assert (disk.durable / "a").read_bytes() == b"two"
    assert not (disk.durable / "b").exists()


def test_a_torn_cut_keeps_some_sectors(tmp_path: Path, disk: LossyDisk) -> None:
    write(disk.mount / "a", b"0" * 512 * 200, sync=True)
    disk.cut()
    survived = set()
    for seed in range(8):
        disk.power_on(torn=seed)
        write(disk.mount / "a", b"1" * 512 * 200, sync=False)
        assert disk.cut().torn
        data = (disk.durable / "a").read_bytes()
        sectors = [data[at : at + 512] for at in range(0, len(data), 512)]
        assert all(sector in (b"0" * 512, b"1" * 512) for sector in sectors)
        survived.add(sum(sector[0] == ord("1") for sector in sectors))
        (disk.durable / "a").write_bytes(b"0" * 512 * 200)
    assert {0, 200} < survived, "forgotten whole, kept whole, and torn: all three come up"


def test_a_folder_shows_what_lies_in_it(disk: LossyDisk) -> None:
    folder = disk.mount / "folder"
    folder.mkdir()
    for name in ("a", "b", "c"):
        write(folder / f"{name}.part", b"", sync=False)
        os.rename(folder / f"{name}.part", folder / f"{name}.whole")
    os.symlink("a.whole", folder / "link")
    assert sorted(os.listdir(folder)) == ["a.whole", "b.whole", "c.whole", "link"]
    assert [path.name for path in disk.mount.iterdir() if path.is_dir()] == ["folder"]
    sync_folder(disk.mount)
    sync_folder(folder)
    disk.cut()
    assert sorted(os.listdir(disk.durable / "folder")) == ["a.whole", "b.whole", "c.whole", "link"]


def test_many_threads_sync_their_own_files(disk: LossyDisk) -> None:
    def work(number: int) -> None:
        for turn in range(30):
            write(disk.mount / str(number), bytes([turn]) * 3000, sync=True, offset=turn * 3000)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    disk.cut()
    expected = b"".join(bytes([turn]) * 3000 for turn in range(30))
    assert all((disk.durable / str(number)).read_bytes() == expected for number in range(8))


WRITER = """
import os, signal, sqlite3, sys
path, synchronous = sys.argv[1:]
first, second = sqlite3.connect(path), sqlite3.connect(path)
print(first.execute("PRAGMA journal_mode = WAL").fetchone()[0])
for turn, db in enumerate((first, second) * 25):
    db.execute(f"PRAGMA synchronous = {synchronous}")
    db.execute("CREATE TABLE IF NOT EXISTS kept (turn)")
    db.execute("INSERT INTO kept VALUES (?)", (turn,))
    db.commit()
print(second.execute("SELECT count(*) FROM kept").fetchone()[0], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def rows_after_a_cut(disk: LossyDisk, synchronous: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(disk.mount / "db"), synchronous],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == ["wal", "50"], "WAL with its shared map works on the mount"
    disk.cut()
    with closing(sqlite3.connect(disk.durable / "db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            return 0
        return int(db.execute("SELECT count(*) FROM kept").fetchone()[0])


def test_sqlite_keeps_every_commit_that_it_synced(disk: LossyDisk) -> None:
    assert rows_after_a_cut(disk, "FULL") == 50


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_sqlite_loses_commits_that_it_did_not_sync(disk: LossyDisk, synchronous: str) -> None:
    assert rows_after_a_cut(disk, synchronous) < 50


def test_extents_merge_and_clip() -> None:
    extents = Extents()
    for start, end in ((10, 20), (30, 40), (20, 30), (50, 60)):
        extents.add(start, end)
    assert list(extents) == [(10, 40), (50, 60)]
    extents.clip(35)
    assert list(extents) == [(10, 35)]
    extents.add(500, 1100)
    assert list(extents.sectors()) == [(10, 35), (500, 512), (512, 1024), (1024, 1100)]

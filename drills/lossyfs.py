"""A FUSE file system that forgets whatever was never fsynced, to play power cuts on.

Two trees stand behind the mount. LIVE is what running programs see: every read and
write goes there. DURABLE is what a cut leaves behind: an ordinary tree of files, right
at every moment, that can be opened as soon as the mount is gone.

What reaches DURABLE, and when:

* bytes and size of a file: by fsync or fdatasync of that file (O_SYNC and O_DSYNC count,
  the kernel turns them into fsync). Not by close, not by time, not by sync(2);
* names of a directory (create, rename, unlink): by fsync of that directory;
* a file's own name and the folders above it: also by fsync of the file, because every
  journalling file system of Linux keeps that promise and PostgreSQL leans on it. A file
  that was renamed loses its old name in the same step. Names that were only removed
  come back until their directory is fsynced;
* owner and mode: at once, as nobody's durability hangs on them;
* renaming a whole directory: at once; neither database does it.

With a seed for `torn`, a cut does not forget everything: random 512-byte sectors and
random directories of the unsynced rest do reach DURABLE, as on a disk that was writing
back in its own order when the power went.

Shared memory maps work (SQLite's -shm file needs them), since the kernel's page cache
stays on and writes through. Locks are left to the kernel.
"""

import argparse
import ctypes
import errno
import itertools
import json
import logging
import os
import random
import resource
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mfusepy

SECTOR = 512
HIDDEN = ".fuse_hidden"  # libfuse's stand-in for a file that was unlinked while open
STAT_FIELDS = ("mode", "ino", "nlink", "uid", "gid", "size", "blocks", "rdev")


class Extents:
    """The byte ranges of one file that were written and not yet synced, merged."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._ranges)

    def add(self, start: int, end: int) -> None:
        apart: list[tuple[int, int]] = []
        for low, high in self._ranges:
            if high < start or low > end:
                apart.append((low, high))
            else:
                start, end = min(low, start), max(high, end)
        self._ranges = sorted([*apart, (start, end)])

    def clip(self, size: int) -> None:
        self._ranges = [(low, min(high, size)) for low, high in self._ranges if low < size]

    def clear(self) -> None:
        self._ranges = []

    def sectors(self) -> Iterator[tuple[int, int]]:
        """The same ranges, cut where a disk's sectors end."""
        for low, high in self._ranges:
            while low < high:
                edge = min(high, (low // SECTOR + 1) * SECTOR)
                yield low, edge
                low = edge


@dataclass
class Node:
    """One regular file: its live bytes (while open), its durable object, what lies between."""

    durable: str
    durable_ino: int
    names: set[str] = field(default_factory=set)  # where DURABLE shows it
    fd: int = -1
    handles: int = 0
    unsynced: Extents = field(default_factory=Extents)
    floor: int | None = None  # smallest size since the last sync
    resized: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def dirty(self) -> bool:
        return bool(self.unsynced) or self.resized

    def write(self, data: bytes, offset: int) -> int:
        with self.lock:
            written = os.pwrite(self.fd, data, offset)
            self.unsynced.add(offset, offset + written)
            return written

    def truncate(self, fd: int, size: int) -> None:
        with self.lock:
            os.ftruncate(fd, size)
            self.unsynced.clip(size)
            self.floor = size if self.floor is None else min(self.floor, size)
            self.resized = True

    def allocate(self, offset: int, length: int) -> None:
        with self.lock:
            os.posix_fallocate(self.fd, offset, length)
            self.resized = True

    def sync(self) -> None:
        """All of the file reaches its durable object."""
        with self.lock:
            if self.dirty:
                self._carry(self.fd, self.unsynced, os.fstat(self.fd).st_size)
                self.unsynced.clear()
                self.floor, self.resized = None, False

    def tear(self, fd: int, chance: random.Random) -> None:
        """Some of the unsynced sectors reach the durable object, in no order."""
        odds = chance.choice((0.0, 0.5, 1.0))
        kept = [piece for piece in self.unsynced.sectors() if chance.random() < odds]
        size = os.fstat(fd).st_size if chance.random() < odds else None
        self._carry(fd, kept, size)

    def _carry(self, live: int, ranges: Iterable[tuple[int, int]], size: int | None) -> None:
        durable = os.open(self.durable, os.O_RDWR)
        try:
            if size is not None and self.floor is not None:
                # What was cut off and grew again must not show its old bytes.
                os.ftruncate(durable, min(self.floor, os.fstat(durable).st_size))
            for low, high in ranges:
                _copy_range(live, durable, low, high)
            if size is not None:
                os.ftruncate(durable, size)
        finally:
            os.close(durable)


def _copy_range(source: int, target: int, low: int, high: int) -> None:
    while low < high:
        data = os.pread(source, min(high - low, 1 << 20), low)
        if not data:  # the file got shorter: nothing to keep there
            return
        os.pwrite(target, data, low)
        low += len(data)


class LossyFS(mfusepy.Operations):  # type: ignore[misc]  # it has no types
    """The operations of the mount; one lock guards the names, one each file's bytes."""

    use_ns = True

    def __init__(
        self, live: Path, durable: Path, report: Path | None = None, torn: int | None = None
    ) -> None:
        self._live, self._durable = str(live), str(durable)
        self._report, self._torn = report, torn
        self._objects = f"{durable}.objects"
        self._tree = threading.RLock()
        self._nodes: dict[int, Node] = {}  # by live inode number
        self._handles: dict[int, Node] = {}
        self._numbers = itertools.count(1)
        self._syncs = 0
        self._power_on()

    # -- power on, power off ------------------------------------------------------------

    def _power_on(self) -> None:
        """LIVE begins as a copy of what was durable."""
        shutil.rmtree(self._live, ignore_errors=True)
        shutil.rmtree(self._objects, ignore_errors=True)
        os.mkdir(self._objects, 0o700)
        _mirror(self._durable, self._live)
        for path in self._files(self._live):
            node = self._nodes.get(os.lstat(self._live + path).st_ino)
            if node is None:
                node = self._adopt(path)
            node.names.add(path)

    def _adopt(self, path: str) -> Node:
        durable = f"{self._objects}/{next(self._numbers)}"
        os.link(self._durable + path, durable)
        node = Node(durable, os.lstat(durable).st_ino)
        self._nodes[os.lstat(self._live + path).st_ino] = node
        return node

    @staticmethod
    def _files(root: str) -> Iterator[str]:
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if stat.S_ISREG(os.lstat(path).st_mode):
                    yield path[len(root) :]

    def destroy(self, path: str) -> None:
        """The mount is gone: say what was forgotten, tear if asked."""
        forgotten = {
            "syncs": self._syncs,
            "files": sum(node.dirty for node in self._nodes.values()),
            "bytes": sum(
                high - low for node in self._nodes.values() for low, high in node.unsynced
            ),
            "torn": self._torn is not None,
        }
        if self._torn is not None:
            self._tear(random.Random(self._torn))
        if self._report:
            self._report.write_text(json.dumps(forgotten))
        shutil.rmtree(self._objects, ignore_errors=True)

    def _tear(self, chance: random.Random) -> None:
        for folder, _, _ in os.walk(self._live):
            inside = folder[len(self._live) :] or "/"
            if chance.random() < 0.5 and os.path.isdir(self._durable + inside):
                self._sync_names(inside)
        for path in list(self._files(self._live)):
            node = self._nodes[os.lstat(self._live + path).st_ino]
            if node.dirty:
                fd = os.open(self._live + path, os.O_RDONLY)
                try:
                    node.tear(fd, chance)
                finally:
                    os.close(fd)

    # -- durable names ------------------------------------------------------------------

    def _place(self, node: Node, path: str) -> None:
        """DURABLE shows the file under this name, whatever stood there before."""
        target = self._durable + path
        if _inode(target) == node.durable_ino:
            return
        self._make_folders(os.path.dirname(path))
        fresh = f"{self._objects}/{next(self._numbers)}"
        os.link(node.durable, fresh)
        os.rename(fresh, target)
        node.names.add(path)

    def _make_folders(self, folder: str) -> None:
        if not os.path.isdir(self._durable + folder):
            self._make_folders(os.path.dirname(folder))
            os.mkdir(self._durable + folder)
            _dress(self._durable + folder, os.lstat(self._live + folder))

    def _displace(self, node: Node, path: str) -> None:
        node.names.discard(path)
        if _inode(self._durable + path) == node.durable_ino:
            os.unlink(self._durable + path)

    def _sync_own_name(self, node: Node, path: str | None) -> None:
        if path is None or _inode(self._live + path) is None or _hidden(path):
            return
        self._place(node, path)
        for old in list(node.names - {path}):
            live = _inode(self._live + old)
            if live is None or self._nodes.get(live) is not node:
                self._displace(node, old)

    def _sync_names(self, folder: str) -> None:
        """The directory's entries become durable, and nothing of what lies in its folders."""
        live, durable = self._live + folder, self._durable + folder
        self._make_folders(folder)
        names = {name for name in os.listdir(live) if not _hidden(name)}
        for name in set(os.listdir(durable)) - names:
            _remove(os.path.join(durable, name))
        for name in names:
            self._sync_name(os.path.join(folder, name))

    def _sync_name(self, path: str) -> None:
        live, durable = self._live + path, self._durable + path
        status = os.lstat(live)
        if stat.S_ISDIR(status.st_mode):
            if not os.path.isdir(durable):
                _remove(durable)
                os.mkdir(durable)
                _dress(durable, status)
        elif stat.S_ISLNK(status.st_mode):
            _remove(durable)
            os.symlink(os.readlink(live), durable)
        elif status.st_ino in self._nodes:
            self._place(self._nodes[status.st_ino], path)

    # -- files --------------------------------------------------------------------------

    def _node(self, path: str) -> Node:
        with self._tree:
            return self._nodes[os.stat(self._live + path).st_ino]

    def _grip(self, node: Node, path: str) -> int:
        """One more handle on the file; all of a file's handles share one descriptor."""
        with self._tree:
            if node.handles == 0:
                node.fd = os.open(self._live + path, os.O_RDWR)
            node.handles += 1
            handle = next(self._numbers)
            self._handles[handle] = node
            return handle

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        with self._tree:
            live = self._live + path
            fd = os.open(live, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
            os.close(fd)
            self._own(live)
            durable = f"{self._objects}/{next(self._numbers)}"
            os.close(os.open(durable, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode))
            status = os.lstat(live)
            _dress(durable, status)
            node = Node(durable, os.lstat(durable).st_ino)
            self._nodes[status.st_ino] = node
            return self._grip(node, path)

    def _own(self, live: str) -> None:
        uid, gid, _ = mfusepy.fuse_get_context()
        if (uid, gid) != (os.geteuid(), os.getegid()):
            os.lchown(live, uid, gid)

    def open(self, path: str, flags: int) -> int:
        node = self._node(path)
        handle = self._grip(node, path)
        if flags & os.O_TRUNC:
            node.truncate(node.fd, 0)
        return handle

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(self._handles[fh].fd, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return self._handles[fh].write(data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        if fh:
            node = self._handles[fh]
            node.truncate(node.fd, length)
            return 0
        node = self._node(path)
        fd = os.open(self._live + path, os.O_RDWR)
        try:
            node.truncate(fd, length)
        finally:
            os.close(fd)
        return 0

    def fallocate(self, path: str, mode: int, offset: int, size: int, fh: int) -> int:
        if mode:  # punching holes and the like: callers have a fallback
            raise OSError(errno.EOPNOTSUPP, "only plain fallocate")
        self._handles[fh].allocate(offset, size)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        node = self._handles[fh]
        node.sync()
        with self._tree:
            self._syncs += 1
            self._sync_own_name(node, path)
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        with self._tree:
            self._syncs += 1
            self._sync_names(path)
        return 0

    def flush(self, path: str, fh: int) -> int:
        return 0  # closing a file promises nothing

    def release(self, path: str, fh: int) -> int:
        with self._tree:
            node = self._handles.pop(fh)
            node.handles -= 1
            if node.handles == 0:
                if os.fstat(node.fd).st_nlink == 0:
                    self._forget(os.fstat(node.fd).st_ino, node)
                os.close(node.fd)
                node.fd = -1
        return 0

    def _forget(self, live_ino: int, node: Node) -> None:
        if self._nodes.get(live_ino) is node:
            del self._nodes[live_ino]
        _remove(node.durable)  # a name that DURABLE still shows keeps the bytes

    # -- names --------------------------------------------------------------------------

    def unlink(self, path: str) -> int:
        with self._tree:
            status = os.lstat(self._live + path)
            os.unlink(self._live + path)
            node = self._nodes.get(status.st_ino)
            if node and status.st_nlink == 1 and node.handles == 0:
                self._forget(status.st_ino, node)
        return 0

    def rename(self, old: str, new: str) -> int:
        with self._tree:
            if os.path.isdir(self._live + old):
                return self._rename_folder(old, new)
            replaced = _status(self._live + new)
            os.rename(self._live + old, self._live + new)
            if replaced and replaced.st_nlink == 1:
                node = self._nodes.get(replaced.st_ino)
                if node and node.handles == 0:
                    self._forget(replaced.st_ino, node)
        return 0

    def _rename_folder(self, old: str, new: str) -> int:
        os.rename(self._live + old, self._live + new)
        if os.path.isdir(self._durable + old):
            _remove(self._durable + new)
            os.makedirs(os.path.dirname(self._durable + new), exist_ok=True)
            os.rename(self._durable + old, self._durable + new)
        for node in self._nodes.values():
            node.names = {_moved(name, old, new) for name in node.names}
        return 0

    def link(self, target: str, source: str) -> int:
        with self._tree:
            os.link(self._live + source, self._live + target)
        return 0

    def symlink(self, target: str, source: str) -> int:
        with self._tree:
            os.symlink(source, self._live + target)
            self._own(self._live + target)
        return 0

    def readlink(self, path: str) -> str:
        return os.readlink(self._live + path)

    def mkdir(self, path: str, mode: int) -> int:
        with self._tree:
            os.mkdir(self._live + path, mode)
            self._own(self._live + path)
        return 0

    def rmdir(self, path: str) -> int:
        with self._tree:
            os.rmdir(self._live + path)
        return 0

    def readdir(self, path: str, fh: int) -> Iterator[tuple[str, dict[str, int], int]]:
        # With use_ino each entry needs its inode number: one of 0 is taken for removed.
        for name in (".", "..", *os.listdir(self._live + path)):
            status = _status(os.path.join(self._live + path, name))
            if status:
                yield name, {"st_mode": status.st_mode, "st_ino": status.st_ino}, 0

    # -- attributes ---------------------------------------------------------------------

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        status = os.fstat(self._handles[fh].fd) if fh else os.lstat(self._live + path)
        found = {f"st_{name}": getattr(status, f"st_{name}") for name in STAT_FIELDS}
        times = {f"st_{name}": getattr(status, f"st_{name}_ns") for name in ("atime", "mtime")}
        return found | times | {"st_ctime": status.st_ctime_ns}

    def _dress_both(self, path: str, change: Callable[[str], None]) -> int:
        with self._tree:
            change(self._live + path)
            node = self._nodes.get(os.lstat(self._live + path).st_ino)
            durable = node.durable if node else self._durable + path
            if os.path.lexists(durable):
                change(durable)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        return self._dress_both(path, lambda place: os.chmod(place, mode))

    def chown(self, path: str, uid: int, gid: int) -> int:
        return self._dress_both(path, lambda place: os.lchown(place, uid, gid))

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        now = (time.time_ns(), time.time_ns())
        os.utime(self._live + path, ns=times or now, follow_symlinks=False)
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        status = os.statvfs(self._live + path)
        return {name: getattr(status, name) for name in dir(status) if name.startswith("f_")}


def _hidden(path: str) -> bool:
    return os.path.basename(path).startswith(HIDDEN)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _inode(path: str) -> int | None:
    status = _status(path)
    return status.st_ino if status else None


def _moved(name: str, old: str, new: str) -> str:
    return new + name[len(old) :] if name.startswith(f"{old}/") else name


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _dress(path: str, status: os.stat_result) -> None:
    os.lchown(path, status.st_uid, status.st_gid)
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(path, stat.S_IMODE(status.st_mode))


def _mirror(source: str, target: str) -> None:
    """Copy a tree with owners and modes; shutil.copytree leaves owners behind."""
    shutil.copytree(source, target, symlinks=True)
    _dress(target, os.lstat(source))
    for folder, folders, names in os.walk(source):
        for name in [*folders, *names]:
            path = os.path.join(folder, name)
            _dress(target + path[len(source) :], os.lstat(path))


def _outlive_nobody() -> None:
    """Die with the drill, even if that is killed with -9."""
    pr_set_pdeathsig, sigterm = 1, 15
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, sigterm)


def main() -> None:
    parser = argparse.ArgumentParser(prog="drills.lossyfs", description=__doc__)
    parser.add_argument("live", type=Path, help="folder that running programs see; made anew")
    parser.add_argument("durable", type=Path, help="folder that a cut leaves behind")
    parser.add_argument("mount", type=Path)
    parser.add_argument("--report", type=Path, help="write here, at the end, what was forgotten")
    parser.add_argument("--torn", type=int, metavar="SEED", help="let random sectors survive")
    parser.add_argument("--allow-other", action="store_true", help="other users may come in")
    chosen = parser.parse_args()
    _outlive_nobody()
    logging.basicConfig(level=logging.WARNING)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.umask(0)
    options: dict[str, Any] = {"default_permissions": True, "use_ino": True}
    if chosen.allow_other:
        options["allow_other"] = True
    if mfusepy.fuse_version_major == 2:
        options["big_writes"] = True
    operations = LossyFS(chosen.live, chosen.durable, chosen.report, chosen.torn)
    mfusepy.FUSE(operations, str(chosen.mount), foreground=True, fsname="lossyfs", **options)


if __name__ == "__main__":
    main()

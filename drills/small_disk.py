"""A disk that can be filled to its last byte: an ext4 file system in a file, mounted."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from drills.failure import DrillError, Unavailable

MEGABYTE = 2**20


def require_mounts() -> None:
    """Say in one line what is missing for a file system of our own, if anything is."""
    if os.geteuid() != 0:
        raise Unavailable("a disk of its own can be mounted by root only")
    for tool in ("mkfs.ext4", "mount", "umount"):
        if _found(tool) is None:
            raise Unavailable(f"no {tool} here (Debian: apt-get install e2fsprogs mount)")


class SmallDisk:
    """Mounted at `mount` until `close`; whoever uses it must have ended by then."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.mount = folder / "disk"
        self.mount.mkdir(parents=True)
        image = folder / "image"
        with image.open("wb") as file:
            file.truncate(megabytes * MEGABYTE)
        # No share is kept for root, who would not notice that the disk is full.
        _tool("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
        try:
            _tool("mount", "-o", "loop", str(image), str(self.mount))
        except DrillError as error:
            raise Unavailable(str(error)) from None
        self._filler = self.mount / "filler"

    def fill(self) -> int:
        """Take what is free, to the last block; bytes taken."""
        with self._filler.open("ab") as file:
            size, step = 0, 64 * MEGABYTE
            while step >= 1024:
                try:
                    os.posix_fallocate(file.fileno(), size, step)
                    size += step
                except OSError:
                    step //= 2
        return size

    def empty(self) -> None:
        """Give back what was taken."""
        self._filler.unlink(missing_ok=True)

    @property
    def free(self) -> int:
        """Bytes."""
        found = os.statvfs(self.mount)
        return found.f_bavail * found.f_frsize

    def close(self) -> None:
        if os.path.ismount(self.mount):
            with contextlib.suppress(DrillError):
                _tool("umount", str(self.mount))
                return
            print(f"{self.mount} is still in use: its mount is taken away lazily", file=sys.stderr)
            _tool("umount", "-l", str(self.mount))


def _found(tool: str) -> str | None:
    """Where it is; a PATH for people may lack the folders of a system's own programs."""
    return shutil.which(tool, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def _tool(*command: str) -> None:
    command = (_found(command[0]) or command[0], *command[1:])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise DrillError(f"{command[0]}: {lines[-1] if lines else 'failed'}")

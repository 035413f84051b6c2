"""A disk whose power can be cut: the lossy mount, its folders, and its way in and out."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from drills.failure import DrillError, Unavailable

MOUNT_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What a cut took: synced nothing of these files and bytes (a torn cut: some)."""

    syncs: int
    files: int
    bytes: int
    torn: bool

    def __str__(self) -> str:
        how = "torn" if self.torn else "forgotten"
        return f"{self.bytes:,} bytes of {self.files} files {how}, {self.syncs:,} syncs before"


def require_fuse() -> None:
    """Say in one line what is missing for a lossy mount, if anything is."""
    if not os.path.exists("/dev/fuse"):
        raise Unavailable("no /dev/fuse here: load the kernel's fuse module")
    try:
        with open("/dev/fuse", "rb"):
            pass
    except OSError as error:
        raise Unavailable(f"/dev/fuse cannot be opened: {error.strerror}") from None
    probe = subprocess.run(
        [sys.executable, "-c", "import mfusepy"], capture_output=True, text=True, check=False
    )
    if probe.returncode:
        last = probe.stderr.strip().splitlines()[-1]
        raise Unavailable(f"no FUSE library here (Debian: apt-get install fuse3): {last}")


class LossyDisk:
    """`power_on`, use `mount`, `cut`, look at `durable`; again and again."""

    def __init__(self, folder: Path) -> None:
        self.live, self.durable = folder / "live", folder / "durable"
        self.mount = folder / "disk"
        self._report = folder / "forgotten.json"
        self._log = folder / "lossyfs.log"
        self._daemon: subprocess.Popen[bytes] | None = None
        for folder in (self.durable, self.mount):
            folder.mkdir(parents=True)
            folder.chmod(0o755)

    def power_on(self, torn: int | None = None) -> None:
        self._report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "drills.lossyfs", str(self.live), str(self.durable)]
        command += [str(self.mount), "--report", str(self._report)]
        if torn is not None:
            command += ["--torn", str(torn)]
        if os.geteuid() == 0:  # the postgres user has to come in too
            command.append("--allow-other")
        with self._log.open("ab") as log:
            self._daemon = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=Path(__file__).parents[1],
                start_new_session=True,  # a Ctrl-C is for the drill, which then cuts in order
            )
        self._wait_for_mount()

    def _wait_for_mount(self) -> None:
        assert self._daemon
        limit = time.monotonic() + MOUNT_SECONDS
        while not os.path.ismount(self.mount):
            if self._daemon.poll() is not None or time.monotonic() > limit:
                raise DrillError(f"the lossy disk does not mount: {self._last_words()}")
            time.sleep(0.02)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it says nothing"

    def cut(self) -> Forgotten:
        """Take the mount away; whoever used it must be dead before."""
        self._unmount()
        return Forgotten(**json.loads(self._report.read_text()))

    def _unmount(self) -> None:
        if os.path.ismount(self.mount):
            subprocess.run(_unmount_command(self.mount), check=True, capture_output=True)
        if self._daemon:
            try:
                self._daemon.wait(MOUNT_SECONDS)
            except subprocess.TimeoutExpired:
                self._daemon.kill()
                self._daemon.wait()
                raise DrillError("the lossy disk hangs: somebody still uses it") from None
            finally:
                self._daemon = None

    def close(self) -> None:
        try:
            self._unmount()
        except (subprocess.CalledProcessError, DrillError) as error:
            print(f"lossy disk: {error}", file=sys.stderr)


def _unmount_command(mount: Path) -> list[str]:
    if os.geteuid() == 0:
        return ["umount", "-l", str(mount)]
    tool = shutil.which("fusermount3") or shutil.which("fusermount") or "fusermount3"
    return [tool, "-u", "-z", str(mount)]

"""The processes a drill starts: their start, their death, and the certainty that none stays."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from drills.failure import DrillError

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_the_drill() -> None:
    """If the drill itself is killed with -9, nothing it started goes on."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Running:
    """One started program with all its children, in a session of its own."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self.name, self.log = name, log
        with log.open("ab") as sink:
            self._popen: subprocess.Popen[bytes] = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=dict(env) if env is not None else None,
                cwd=Path(__file__).parents[1],
                start_new_session=True,  # a Ctrl-C is for the drill, which then ends in order
                preexec_fn=_die_with_the_drill,
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )
        self.pid = self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    def family(self) -> list[int]:
        """The program and everything below it that runs now."""
        return [self.pid, *descendants(self.pid)] if self.alive else []

    def kill_alone(self) -> None:
        """kill -9 for the program itself, as a supervisor's pid file names it; children stay."""
        os.kill(self.pid, signal.SIGKILL)
        self._popen.wait()

    def kill_all(self) -> None:
        """kill -9 for the whole family at once; it is stopped first so that none is born."""
        if self.alive:
            os.kill(self.pid, signal.SIGSTOP)
        pids = self.family()
        kill_hard(pids)
        self._popen.wait()
        wait_gone(pids)

    def stop(self, seconds: float = 20.0) -> int:
        """Ask politely (SIGTERM), then kill."""
        children = descendants(self.pid) if self.alive else []
        if self.alive:
            self._popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(seconds)
        if self.alive:
            self.kill_all()
        kill_hard(children)
        wait_gone(children)
        return self._popen.returncode

    def wait(self, seconds: float) -> int:
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise DrillError(f"{self.name} is not done after {seconds:.0f} s") from None

    def last_words(self, lines: int = 3) -> str:
        text = self.log.read_text(errors="replace").strip().splitlines()
        return " / ".join(text[-lines:]) or "it says nothing"


def _status(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None for what is dead or a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = status[status.rindex(")") + 2 :].split()
    return None if fields[0] == "Z" else fields


def _parent(pid: int) -> int | None:
    fields = _status(pid)
    return int(fields[1]) if fields else None


def started_at(pid: int) -> int:
    """When it started, in clock ticks since boot; 0 for what is gone."""
    fields = _status(pid)
    return int(fields[19]) if fields else 0


def descendants(pid: int) -> list[int]:
    """Every living process below this one."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            parent = _parent(int(entry))
            if parent is not None:
                children.setdefault(parent, []).append(int(entry))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def kill_hard(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def freeze(pids: Iterable[int]) -> None:
    """All of them stand still from one moment on: nobody writes while the others die."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)


def wait_gone(pids: Iterable[int], seconds: float = 10.0) -> None:
    limit = time.monotonic() + seconds
    for pid in pids:
        while _parent(pid) is not None:
            if time.monotonic() > limit:
                raise DrillError(f"process {pid} does not die")
            time.sleep(0.01)


def gone_within(pids: Iterable[int], seconds: float) -> list[int]:
    """Those of these processes that still run after so many seconds."""
    limit = time.monotonic() + seconds
    left = list(pids)
    while left and time.monotonic() < limit:
        left = [pid for pid in left if _parent(pid) is not None]
        time.sleep(0.02)
    return left

"""An instance: Petition as a host runs it, web and worker, so that it can be broken and mended."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from drills.checker import waiting_changes
from drills.failure import DrillError
from drills.ports import free_port
from drills.processes import (
    Running,
    descendants,
    gone_within,
    kill_hard,
    started_at,
    wait_gone,
)
from petition.keyring import KeyRing
from petition.store.vault.vault import Vault

ROOT = Path(__file__).parents[1]
CAMPAIGN = "amazon"
STARTING_SECONDS = 30.0
GRACE = 0.2  # seconds that orphans get to leave by themselves
OURS = re.compile(
    r"PETITION_|DRILL_"
    r"|(?:DATABASE_URL|REDIS_URL|SMTP_URL|IMAP_URL|PORT|PYTHONPATH)(?:_FILE)?$"
)


PETITION = (sys.executable, "-m", "petition")


class Instance:
    """One installation: instance folder, database, web, worker."""

    def __init__(
        self, *, folder: Path, logs: Path, database_url: str | None = None, workers: int = 2
    ) -> None:
        self.folder = folder
        self.database_url = database_url or f"sqlite:///{folder / 'petition.db'}"
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.web: Running | None = None
        self.worker: Running | None = None
        self.control = ""
        self.settings: dict[str, str] = {}
        """More settings of the installation, by the names of their variables."""
        self.workers = workers
        self.logs = logs
        logs.mkdir(parents=True, exist_ok=True)

    @property
    def mailbox(self) -> Path:
        return self.folder / "outbox"

    def environment(self) -> dict[str, str]:
        """The host's environment, with this instance's settings and no others."""
        env = {name: value for name, value in os.environ.items() if not OURS.match(name)}
        env |= {
            "DATABASE_URL": self.database_url,
            "PETITION_INSTANCE": str(self.folder),
            "PETITION_BASE_URL": self.base,
            "PORT": str(self.port),
            # Each request says who sends it (drills/http_client.forwarded), so that limits stay on.
            "PETITION_TRUSTED_PROXIES": "1",
            "PYTHONUNBUFFERED": "1",
        } | self.settings
        if self.control:
            env["DRILL_CONTROL"] = self.control
            env["PYTHONPATH"] = str(Path(__file__).parent / "controls")
        return env

    # -- commands -----------------------------------------------------------------------

    def run(self, *words: str, seconds: float = 120.0) -> str:
        """A `petition` command to its end; what it printed."""
        try:
            done = subprocess.run(
                [*PETITION, *words],
                env=self.environment(),
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DrillError(f"petition {words[0]} takes longer than {seconds:.0f} s") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise DrillError(f"petition {' '.join(words)}: {said[-1] if said else 'failed'}")
        return done.stdout

    def prepare(self) -> None:
        """An empty database becomes one with the open campaign."""
        self.run("db", "upgrade")
        self.run("campaign", "load", f"petition/campaigns/{CAMPAIGN}")
        self.run("campaign", "open", CAMPAIGN)

    def export(self) -> str:
        return self.run("export", CAMPAIGN, "--state", "all", "--reason", "fault drill", "-o", "-")

    def count(self) -> int:
        return _number(json.loads(self.run("count", CAMPAIGN, "--format", "json")))

    def fold(self) -> None:
        """Let a worker bring the totals up to date: it does so first of all. Then it is stopped."""
        self.start_worker()
        assert self.worker
        limit = time.monotonic() + STARTING_SECONDS
        while waiting_changes(self.database_url):
            if not self.worker.alive or time.monotonic() > limit:
                raise DrillError(f"the worker does not fold: {self.worker.last_words()}")
            time.sleep(0.1)
        self.worker.stop()
        self.worker = None

    # -- web and worker -----------------------------------------------------------------

    def start_web(self) -> None:
        self.web = self._start("serve", "--host", "127.0.0.1", "--port", str(self.port))

    def start_worker(self) -> None:
        self.worker = self._start("worker")

    def _start(self, word: str, *options: str) -> Running:
        more = ("--workers", str(self.workers)) if word == "serve" else ()
        command = [*PETITION, word, *options, *more]
        return Running(word, command, log=self.logs / f"{word}.log", env=self.environment())

    def start(self) -> None:
        self.start_web()
        self.start_worker()
        self.wait_for_web()

    def answers(self) -> bool:
        """A new visitor gets the campaign page."""
        try:
            with urllib.request.urlopen(f"{self.base}/en/{CAMPAIGN}", timeout=5) as page:
                return bool(page.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def wait_for_web(self) -> float:
        """Seconds until the page is there; a web process that ended is started again."""
        began = time.monotonic()
        while not self.answers():
            if time.monotonic() - began > STARTING_SECONDS:
                said = self.web.last_words() if self.web else "it was never started"
                raise DrillError(f"web does not come up: {said}")
            self.supervise()
            time.sleep(0.02)
        return time.monotonic() - began

    def supervise(self) -> list[str]:
        """What a host's supervisor does: start again what ended; the names of those."""
        started = []
        if self.web is not None and not self.web.alive:
            self.start_web()
            started.append("web")
        if self.worker is not None and not self.worker.alive:
            self.start_worker()
            started.append("worker")
        return started

    def servers(self) -> list[int]:
        """The web's worker processes, without Python's own attendants."""
        assert self.web
        return [pid for pid in descendants(self.web.pid) if "resource_tracker" not in _command(pid)]

    def kill_web_master(self) -> str:
        """kill -9 the master by its pid; then the supervisor clears its group, as systemd does."""
        assert self.web
        children = descendants(self.web.pid)
        self.web.kill_alone()
        left = gone_within(children, GRACE)
        kill_hard(left)
        gone_within(left, 5)
        return "children left by themselves" if not left else f"{len(left)} children cleared"

    def kill_web_worker(self) -> str:
        """kill -9 the worker process of the web that is longest up; the master is left to notice.

        Not any: the server gives up, for its supervisor to start it again, when a process dies
        within seconds of its start, and the parts of a round follow each other fast.
        """
        servers = self.servers()
        if not servers:
            raise DrillError("web has no worker process to kill")
        victim = min(servers, key=started_at)
        kill_hard([victim])
        wait_gone([victim])
        return f"one of {len(servers)}"

    def kill_job_worker(self) -> str:
        assert self.worker
        self.worker.kill_all()
        return "the only one"

    def family(self) -> list[int]:
        """Every process of web and worker."""
        return [pid for part in (self.web, self.worker) if part for pid in part.family()]

    def kill(self) -> None:
        """kill -9 for web and worker, with all their processes."""
        for running in (self.web, self.worker):
            if running:
                running.kill_all()
        self.web = self.worker = None

    def stop(self) -> None:
        for running in (self.web, self.worker):
            if running:
                running.stop()
        self.web = self.worker = None

    def last_words(self) -> str:
        found = [running for running in (self.web, self.worker) if running]
        return "; ".join(f"{running.name}: {running.last_words()}" for running in found)


def key_maker(keys: Path) -> Callable[[str], bytes]:
    """How the installation with this key ring turns a canonical address into its key."""
    return Vault(KeyRing.parse(keys.read_text(encoding="utf-8").strip())).address_key


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def _number(answer: Any) -> int:
    """The one total in what `petition count` prints as JSON."""
    if isinstance(answer, int):
        return answer
    for name in ("confirmed", "total", "count"):
        if isinstance(answer, dict) and isinstance(answer.get(name), int):
            return int(answer[name])
    raise DrillError(f"petition count says no number: {str(answer)[:80]}")


class Load:
    """The driver in a process of its own, so that a busy drill does not slow it."""

    def __init__(
        self, instance: Instance, book: Path, *, rate: float, seconds: float, seed: int, logs: Path
    ) -> None:
        self._answer = logs / "load.json"
        self._answer.unlink(missing_ok=True)
        command = [sys.executable, "-m", "drills.load", instance.base, str(book)]
        command += ["--rate", str(rate), "--seconds", str(seconds), "--seed", str(seed)]
        command += ["--mailbox", str(instance.mailbox)]
        self._running = Running("load", command, log=self._answer)

    def finish(self) -> dict[str, Any]:
        """Stop it, wait for answers on their way, and take its summary."""
        self._running.stop(40)
        lines = self._answer.read_text(errors="replace").strip().splitlines()
        try:
            return dict(json.loads(lines[-1]))
        except (IndexError, ValueError):
            raise DrillError(f"the driver failed: {lines[-1] if lines else 'no word'}") from None

    def kill(self) -> None:
        self._running.kill_all()


@contextlib.contextmanager
def loaded(
    instance: Instance, book: Path, *, rate: float, seconds: float, seed: int, logs: Path
) -> Iterator[Load]:
    """Load for as long as the block lasts (`seconds` is only its limit)."""
    load = Load(instance, book, rate=rate, seconds=seconds, seed=seed, logs=logs)
    try:
        yield load
    finally:
        load.kill()

"""drill full: the disk is full while people sign; nobody is thanked for what is not kept.

Database, instance folder and logs lie on one small disk. Five times it is filled to its last byte
under load: pages still open, signing says that it must wait and for how long, the instance calls
itself not ready, an export fails whole. Five times room is made: signing works within half a
minute, and no process of ours was started again. Then a disk is full that holds only the logs:
signing goes on.
"""

import argparse
import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from drills import ledger, options
from drills.checker import Violation
from drills.failure import DrillError
from drills.http_client import BROKEN, Connection
from drills.instance import CAMPAIGN, Load, loaded
from drills.outcome import Outcome, busy, say, tell
from drills.restart import processes, wait_for_signing
from drills.sandbox import Sandbox, open_sandbox
from drills.small_disk import SmallDisk, require_mounts

MEGABYTES: Final = {"sqlite": 64, "postgresql": 256}
LOGS_MEGABYTES: Final = 8
NOTICED: Final = 30.0
"""Seconds from a full disk until the first form is told to come again: so long a database may find
room in what it has."""
HELD: Final = 4.0
"""Seconds that the disk stays full after that, and within which an instance calls itself not ready:
each web process tries for itself, and its answer holds for two."""
BACK: Final = 30.0
"""Seconds from room to an acknowledged form, and to an instance that calls itself ready."""
BETWEEN: Final = 3.0
"""Seconds of signing from one round to the next."""
LOGGED: Final = 8.0
"""Seconds of signing beside a full disk of logs."""


class FullRun:
    """Fills and empties one sandbox's disk while people sign, and notes what it should not see."""

    def __init__(self, sandbox: Sandbox, outcome: Outcome) -> None:
        assert sandbox.small
        self._sandbox, self._disk, self._outcome = sandbox, sandbox.small, outcome
        self.slowest = 0.0
        self.revived = 0

    def cycle(self, number: int) -> None:
        """Full, then room again."""
        taken = self._disk.fill()
        told = self._told_again()
        began = time.monotonic()
        while self._told_again() == told:
            if time.monotonic() - began > NOTICED:
                self._broken(f"nobody was told to come again within {NOTICED:.0f} s")
                break
            time.sleep(0.2)
        noticed = time.monotonic() - began
        self._while_full()
        self._disk.empty()
        back = self._until_back()
        say(
            f"  round {number}: {taken:,} bytes taken, first told after {noticed:.1f} s,"
            f" {self._told_again() - told} told to come again, signing {back:.1f} s after room"
        )
        self.slowest = max(self.slowest, back)
        time.sleep(BETWEEN)

    def _while_full(self) -> None:
        ends = time.monotonic() + HELD
        for path in ("/healthz", f"/en/{CAMPAIGN}", f"/en/{CAMPAIGN}/privacy"):
            status = _status(self._sandbox, path)
            if status != 200:
                self._broken(f"{path} answers {status} while the disk is full")
        self._export()
        while _status(self._sandbox, "/readyz") != 503:
            if time.monotonic() > ends:
                self._broken("it calls itself ready while the disk is full")
                break
            time.sleep(0.05)
        time.sleep(max(0.0, ends - time.monotonic()))

    def _export(self) -> None:
        """To the full disk: it fails in one line and leaves nothing."""
        folder = self._disk.mount / "lists"
        path = folder / "list.csv"
        said = ""
        try:
            self._sandbox.instance.run(
                "export", CAMPAIGN, "--reason", "fault drill", "-o", str(path)
            )
        except DrillError as error:
            said = str(error)
        if not said:
            self._broken("an export to the full disk says nothing")
        left = [each.name for each in folder.iterdir()]
        if left:
            self._broken(f"an export that failed left {left[0]}")

    def _until_back(self) -> float:
        """Seconds until a form is acknowledged and the instance calls itself ready."""
        began = time.monotonic()
        acknowledged = ledger.Watch(self._sandbox.book).acknowledged
        signed = ready = False
        while not (signed and ready):
            if time.monotonic() - began > BACK:
                self._broken(f"no service within {BACK:.0f} s of room")
                break
            self._revive()
            signed = signed or acknowledged()
            ready = _status(self._sandbox, "/readyz") == 200
            time.sleep(0.05)
        return time.monotonic() - began

    def _revive(self) -> None:
        """PostgreSQL ends itself where its log finds no room; its keeper starts it again."""
        cluster = self._sandbox.cluster
        if cluster and not cluster.alive:
            cluster.start()
            self.revived += 1

    def _told_again(self) -> int:
        return sum(status >= 500 for status in self._sandbox.account().status.values())

    def _broken(self, what: str) -> None:
        say(f"  RED {what}")
        if what not in self._outcome.broken:
            self._outcome.broken.append(what)


def drill(database: str, chosen: argparse.Namespace) -> Outcome:
    """Green rounds and the full logs, then the controls, each on a disk of its own."""
    require_mounts()
    outcome = Outcome(f"full {database}")
    if not chosen.control:
        say(f"full {database}: {chosen.rounds} rounds, seed {chosen.seed}{busy()}")
        with _small(database, chosen) as sandbox:
            _green(sandbox, chosen, outcome)
    for name in CONTROLS:
        if name in (chosen.control or CONTROLS):
            with _small(database, chosen) as sandbox:
                shown = _control(sandbox, name, chosen)
            say(f"  control {name}: {f'red, as it must be: {shown}' if shown else 'STAYED GREEN'}")
            outcome.controls[name] = shown
    return outcome


@contextlib.contextmanager
def _small(database: str, chosen: argparse.Namespace) -> Iterator[Sandbox]:
    with open_sandbox(database, megabytes=MEGABYTES[database], keep=chosen.keep) as sandbox:
        (sandbox.root / "lists").mkdir()
        yield sandbox


@contextlib.contextmanager
def _signing(sandbox: Sandbox, chosen: argparse.Namespace, logs: Path) -> Iterator[Load]:
    """The instance with its logs in that folder, and people who sign."""
    sandbox.instance.logs = logs
    sandbox.instance.start()
    with loaded(
        sandbox.instance,
        sandbox.book,
        rate=chosen.rate,
        seconds=3600,
        seed=chosen.seed,
        logs=sandbox.logs,
    ) as load:
        wait_for_signing(sandbox)
        yield load


def _green(sandbox: Sandbox, chosen: argparse.Namespace, outcome: Outcome) -> None:
    run = FullRun(sandbox, outcome)
    with _signing(sandbox, chosen, sandbox.root) as load:
        before = processes(sandbox)
        for number in range(1, chosen.rounds + 1):
            run.cycle(number)
        summary = load.finish()
    outcome.rounds = chosen.rounds
    if sandbox.instance.supervise() or processes(sandbox) != before:
        outcome.broken.append("a process of ours ended")
    if summary["without_retry_after"]:
        outcome.broken.append(f"{summary['without_retry_after']} were not told when to come again")
    outcome.extras.append(f"back {run.slowest:.1f} s after room (≤ {BACK:.0f})")
    if sandbox.cluster:
        outcome.extras.append(f"PostgreSQL started again {run.revived} times")
    sandbox.instance.stop()
    say(f"  driver: {summary}")
    _full_logs(sandbox, chosen, outcome)
    outcome.violations = sandbox.settle() + sandbox.integrity()
    outcome.add(sandbox.account())
    tell(outcome.violations)


def _full_logs(sandbox: Sandbox, chosen: argparse.Namespace, outcome: Outcome) -> None:
    """Nothing that is logged finds room, and people sign as before."""
    disk = SmallDisk(sandbox.folder / "logged", LOGS_MEGABYTES)
    with contextlib.closing(disk):
        disk.fill()
        try:
            with _signing(sandbox, chosen, disk.mount) as load:
                time.sleep(LOGGED)
                signed = load.finish()
        finally:
            sandbox.instance.stop()
    say(f"  logs on a full disk: {signed}")
    outcome.extras.append(f"{signed['per_second']}/s beside a full disk of logs")
    if float(signed["per_second"]) < chosen.rate / 2:
        outcome.broken.append("a full disk of logs stops signing")


def _status(sandbox: Sandbox, path: str) -> int:
    """The status of a page, asked for over a connection of its own; 0 if there is no answer."""

    async def ask() -> int:
        connection = Connection(sandbox.instance.base)
        try:
            return (await connection.get(path)).status
        except BROKEN:
            return 0
        finally:
            connection.close()

    return asyncio.run(ask())


# -- controls: each must turn the drill red ------------------------------------------------------


def _control(sandbox: Sandbox, name: str, chosen: argparse.Namespace) -> str | None:
    """One round of a program that is broken in one way; what makes it red."""
    sandbox.new_book(name)
    sandbox.instance.control = name
    seen = Outcome(name)
    run = FullRun(sandbox, seen)
    with _signing(sandbox, chosen, sandbox.root) as load:
        run.cycle(1)
        load.finish()
    sandbox.instance.stop()
    return CONTROLS[name](sandbox.look(), seen.broken)


def _lost(violations: list[Violation], _: list[str]) -> str | None:
    return next((str(each) for each in violations if each.rule == "lost"), None)


def _seen(words: str) -> Callable[[list[Violation], list[str]], str | None]:
    return lambda _, broken: next((each for each in broken if words in each), None)


CONTROLS: dict[str, Callable[[list[Violation], list[str]], str | None]] = {
    "ack-early": _lost,
    "always-ready": _seen("calls itself ready"),
    "leaves-parts": _seen("left"),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    options.rounds(parser)
    parser.add_argument("--rate", type=float, default=60.0, help="signatures a second (60)")
    parser.add_argument("--control", action="append", choices=sorted(CONTROLS))

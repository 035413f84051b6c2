"""`drill kill`: kill -9 part after part while people sign; nothing that they were told is lost.

Each round kills every part once, in a drawn order, at drawn moments: the web's master, one of
its worker processes, the job worker and, with PostgreSQL, one backend and the postmaster. What
died is started again as a supervisor would. The database is never cleaned between rounds.
"""

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from drills import ledger, options, tamper
from drills.checker import Violation
from drills.failure import DrillError
from drills.instance import loaded
from drills.outcome import Outcome, busy, say, tell
from drills.processes import kill_hard, wait_gone
from drills.sandbox import Sandbox, open_sandbox

WEB_BACK = 5.0  # seconds, from the kill to the next page
DATABASE_BACK = 15.0
SLOT = 3.0  # seconds of a round for each part that is killed
FLOOR = 100.0  # signatures a second that even a small machine must carry
CONTROL_RATE, CONTROL_SECONDS = 100.0, 3.0
PATIENCE = 25.0  # seconds beyond a bar until a drill gives up


@dataclass(frozen=True)
class Part:
    """Something that is killed: how, and how soon it has to be back."""

    name: str
    kill: Callable[[], str]
    bar: float


class KillRun:
    """The green rounds on one database."""

    def __init__(self, sandbox: Sandbox, chance: random.Random, outcome: Outcome) -> None:
        self._sandbox, self._chance, self._outcome = sandbox, chance, outcome
        self._returns: dict[str, list[float]] = defaultdict(list)

    def parts(self) -> list[Part]:
        instance, cluster = self._sandbox.instance, self._sandbox.cluster
        found = [
            Part("web master", instance.kill_web_master, WEB_BACK),
            Part("web worker", instance.kill_web_worker, WEB_BACK),
            Part("job worker", instance.kill_job_worker, WEB_BACK),
        ]
        if cluster:
            found += [
                Part("backend", self._kill_backend, DATABASE_BACK),
                Part("postmaster", self._kill_postmaster, DATABASE_BACK),
            ]
        return found

    def _kill_backend(self) -> str:
        assert self._sandbox.cluster
        backends = self._sandbox.cluster.backends()
        if not backends:
            raise DrillError("no backend works for the program")
        victim = self._chance.choice(backends)
        kill_hard([victim])
        wait_gone([victim])
        return f"one of {len(backends)}"

    def _kill_postmaster(self) -> str:
        assert self._sandbox.cluster
        self._sandbox.cluster.kill_postmaster()
        return f"database up in {self._sandbox.cluster.start():.1f} s"

    def run(self, rounds: int, rate: float, seed: int) -> None:
        sandbox = self._sandbox
        sandbox.instance.start()
        limit = rounds * (SLOT + 40) * len(self.parts())
        with loaded(
            sandbox.instance,
            sandbox.book,
            rate=rate,
            seconds=min(limit, 3600),
            seed=seed,
            logs=sandbox.logs,
        ) as load:
            for number in range(1, rounds + 1):
                self._round(number)
            summary = load.finish()
        say(f"  driver: {summary}")
        reached = float(summary["per_second_up"])
        self._outcome.extras.append(f"{reached:,.0f}/s while up")
        if reached < min(rate, FLOOR) * 0.8:
            self._outcome.broken.append(f"{reached:.0f} signatures a second are too few to prove")
        self._outcome.rounds = rounds
        for part in self.parts():
            usual, slowest = median(self._returns[part.name]), max(self._returns[part.name])
            self._outcome.extras.append(f"{part.name} back in {usual:.1f} s (≤ {slowest:.1f})")
            if usual > part.bar:
                self._outcome.broken.append(f"{part.name} missed its bar of {part.bar:.0f} s")

    def _round(self, number: int) -> None:
        parts = self.parts()
        self._chance.shuffle(parts)
        for part in parts:
            slot_ends = time.monotonic() + SLOT
            time.sleep(self._chance.uniform(0.2, SLOT * 0.6))
            self._kill(number, part)
            time.sleep(max(0.0, slot_ends - time.monotonic()))

    def _kill(self, number: int, part: Part) -> None:
        began = time.monotonic()
        how = part.kill()
        restarted = self._recover(began, part)
        took = time.monotonic() - began
        self._returns[part.name].append(took)
        say(f"  round {number}: {part.name} killed ({how}), signing after {took:.2f} s{restarted}")

    def _recover(self, began: float, part: Part) -> str:
        """Back means: a form that was sent after the kill is acknowledged, and all parts run."""
        instance, names = self._sandbox.instance, set[str]()
        watch = ledger.Watch(self._sandbox.book)
        while not watch.acknowledged():
            names.update(instance.supervise())
            if time.monotonic() - began > part.bar + PATIENCE:
                raise DrillError(f"{part.name} does not come back: {instance.last_words()}")
            time.sleep(0.02)
        names.update(instance.supervise())
        return f", started again: {' and '.join(sorted(names))}" if names else ""


def drill(database: str, chosen: argparse.Namespace) -> Outcome:
    """Green rounds, then the controls, in the same sandbox."""
    outcome = Outcome(f"kill {database}")
    with open_sandbox(database, keep=chosen.keep) as sandbox:
        if not chosen.control:
            say(f"kill {database}: {chosen.rounds} rounds, seed {chosen.seed}{busy()}")
            KillRun(sandbox, random.Random(chosen.seed), outcome).run(
                chosen.rounds, chosen.rate, chosen.seed
            )
            sandbox.instance.stop()
            outcome.violations = sandbox.settle()
            outcome.add(sandbox.account())
            tell(outcome.violations)
        for name in CONTROLS:
            if name in (chosen.control or CONTROLS):
                outcome.controls[name] = judge(name, CONTROLS[name](sandbox, chosen.seed))
    return outcome


# -- controls: each must turn the checker red ---------------------------------------------------

EXPECTED = {"lost-row": "lost", "no-unique": "doubled", "ack-early": "lost"}


def judge(name: str, violations: list[Violation]) -> str | None:
    """The line that makes the control red; None if the rule it is for did not speak."""
    found = [violation for violation in violations if violation.rule == EXPECTED[name]]
    say(f"  control {name}: {f'red, as it must be: {found[0]}' if found else 'STAYED GREEN'}")
    return str(found[0]) if found else None


def _sign_for_a_while(sandbox: Sandbox, seed: int, *, killing: int = 0, broken: str = "") -> None:
    """A short load, in which the web may be killed some times; then all is stopped."""
    sandbox.instance.control = broken
    sandbox.instance.start()
    with loaded(
        sandbox.instance, sandbox.book, rate=CONTROL_RATE, seconds=120, seed=seed, logs=sandbox.logs
    ) as load:
        for _ in range(killing):
            _wait_for_signing(sandbox)
            time.sleep(CONTROL_SECONDS / killing)
            sandbox.instance.kill_web_master()
            sandbox.instance.wait_for_web()
        if not killing:
            _wait_for_signing(sandbox)
            time.sleep(CONTROL_SECONDS)
        load.finish()
    sandbox.instance.stop()


def _wait_for_signing(sandbox: Sandbox) -> None:
    watch, limit = ledger.Watch(sandbox.book), time.monotonic() + PATIENCE
    while not watch.acknowledged():
        if time.monotonic() > limit:
            raise DrillError(f"nobody can sign: {sandbox.instance.last_words()}")
        time.sleep(0.05)


def _have_signatures(sandbox: Sandbox, seed: int) -> None:
    """The green rounds left some; where a control runs alone, people sign first."""
    if not sandbox.account().acknowledged:
        _sign_for_a_while(sandbox, seed)


def control_lost_row(sandbox: Sandbox, seed: int) -> list[Violation]:
    """One acknowledged signature is deleted, with all that hangs on it."""
    _have_signatures(sandbox, seed)
    account = sandbox.account()
    mark = ledger.mark(account.token, max(account.acknowledged))
    tamper.lose_form(sandbox.instance.database_url, mark)
    return sandbox.look()


def control_ack_early(sandbox: Sandbox, seed: int) -> list[Violation]:
    """The answer goes out a moment before the commit, and the web is killed."""
    sandbox.new_book("ack-early")
    _sign_for_a_while(sandbox, seed, killing=2, broken="ack-early")
    return sandbox.look()


def control_no_unique(sandbox: Sandbox, seed: int) -> list[Violation]:
    """A second row for one address: refused, until the unique key is dropped."""
    _have_signatures(sandbox, seed)
    url = sandbox.instance.database_url
    if tamper.double_signature(url):
        raise DrillError("the database takes an address twice although the key is there")
    tamper.drop_unique(url)
    tamper.double_signature(url)
    return sandbox.look()


CONTROLS: dict[str, Callable[[Sandbox, int], list[Violation]]] = {
    "lost-row": control_lost_row,
    "ack-early": control_ack_early,
    "no-unique": control_no_unique,  # the last: the table is not the same after it
}


def arguments(parser: argparse.ArgumentParser) -> None:
    options.rounds(parser)
    parser.add_argument("--rate", type=float, default=200.0, help="signatures a second (200)")
    parser.add_argument("--control", action="append", choices=sorted(CONTROLS))

"""`drill restart`: PostgreSQL restarts again and again while people sign; hardly anybody notices.

The server is restarted as its keeper does (fast, then immediate, in turn), and then every one of
its connections is ended once a second. Nobody who was told so loses a signature, at most one
request in a hundred is told to try again, none later than ten seconds after the last blow, and no
process of ours has to be started again. SQLite has no server: there is nothing to restart.
"""

import argparse
import signal
import time
from collections.abc import Callable

import psycopg

from drills import ledger, options
from drills.checker import Violation
from drills.failure import DrillError
from drills.instance import loaded
from drills.outcome import Outcome, busy, say, tell
from drills.postgres import Cluster
from drills.sandbox import Sandbox, open_sandbox

SLOT = 3.0  # seconds of a round
SHARE = 0.01  # of all requests may be told to try again
QUIET = 10.0  # seconds after the last blow; from then on nobody
WATCHED = 4.0  # seconds in which nobody is
FLOOR = 100.0  # signatures a second that even a small machine must carry
CONTROL_RATE, CONTROL_ROUNDS = 100.0, 6
WAYS = (("fast", signal.SIGINT), ("immediate", signal.SIGQUIT))


def failed(outcomes: dict[str, int]) -> tuple[int, int]:
    """Of a load's outcomes: how many requests failed, of how many."""
    bad = sum(
        number
        for what, number in outcomes.items()
        if what.endswith("broken") or what.split()[-1].startswith("5")
    )
    return bad, sum(outcomes.values())


def end_all(cluster: Cluster) -> int:
    """End every connection to the database but the one that says so; how many."""
    with psycopg.connect(cluster.url_of("postgres"), autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            ("petition",),
        ).fetchall()
    return len(ended)


class RestartRun:
    """Blows on one cluster while people sign."""

    def __init__(self, sandbox: Sandbox) -> None:
        assert sandbox.cluster
        self._sandbox, self._cluster = sandbox, sandbox.cluster

    def restart(self, number: int) -> None:
        """One restart, then signing for the rest of the slot."""
        ends = time.monotonic() + SLOT
        way, how = WAYS[number % len(WAYS)]
        down, up = self._cluster.restart(how)
        say(f"  round {number + 1}: {way}, down after {down:.1f} s, up after {up:.1f} s")
        time.sleep(max(0.0, ends - time.monotonic()))

    def end_connections(self, seconds: int) -> None:
        ended = 0
        for _ in range(seconds):
            ended += end_all(self._cluster)
            time.sleep(1)
        say(f"  {ended} connections ended in {seconds} s")

    def late_failures(self) -> int:
        """Forms that are told to try again although the last blow is long past."""
        time.sleep(QUIET)
        before = self._told_again()
        time.sleep(WATCHED)
        return self._told_again() - before

    def _told_again(self) -> int:
        return sum(status >= 500 for status in self._sandbox.account().status.values())


def drill(database: str, chosen: argparse.Namespace) -> Outcome:
    """Blows, then the controls, in the same sandbox."""
    outcome = Outcome(f"restart {database}")
    if database == "sqlite":
        outcome.extras.append("no server to restart")
        return outcome
    with open_sandbox(database, keep=chosen.keep) as sandbox:
        if not chosen.control:
            _green(sandbox, chosen, outcome)
        for name in CONTROLS:
            if name in (chosen.control or CONTROLS):
                shown = CONTROLS[name](sandbox, chosen.seed)
                say(f"  control {name}: {f'red, as it must be: {shown}' if shown else 'GREEN'}")
                outcome.controls[name] = shown
    return outcome


def _green(sandbox: Sandbox, chosen: argparse.Namespace, outcome: Outcome) -> None:
    say(f"restart postgresql: {chosen.rounds} rounds, seed {chosen.seed}{busy()}")
    sandbox.instance.start()
    before = processes(sandbox)
    run = RestartRun(sandbox)
    with loaded(
        sandbox.instance,
        sandbox.book,
        rate=chosen.rate,
        seconds=3600,
        seed=chosen.seed,
        logs=sandbox.logs,
    ) as load:
        wait_for_signing(sandbox)
        for number in range(chosen.rounds):
            run.restart(number)
        run.end_connections(chosen.ending)
        late = run.late_failures()
        summary = load.finish()
    say(f"  driver: {summary}")
    bad, all_told = failed(summary["outcomes"])
    outcome.rounds = chosen.rounds
    outcome.extras.append(
        f"{float(summary['per_second_up']):,.0f}/s while up, {bad} of {all_told:,} requests failed"
        f" ({bad / max(1, all_told):.2%}), longest pause {summary['longest_pause_s']} s"
    )
    if bad > SHARE * all_told:
        outcome.broken.append(f"more than {SHARE:.0%} failed")
    if late:
        outcome.broken.append(f"{late} failed later than {QUIET:.0f} s after the last blow")
    if float(summary["per_second_up"]) < min(chosen.rate, FLOOR) * 0.8:
        outcome.broken.append("too few signatures a second to prove anything")
    if sandbox.instance.supervise() or processes(sandbox) != before:
        outcome.broken.append("a process of ours ended")
    sandbox.instance.stop()
    outcome.violations = sandbox.settle()
    outcome.add(sandbox.account())
    tell(outcome.violations)


def processes(sandbox: Sandbox) -> list[int]:
    """The web's processes and the worker's, by pid."""
    assert sandbox.instance.web
    assert sandbox.instance.worker
    return sorted(
        [sandbox.instance.web.pid, sandbox.instance.worker.pid, *sandbox.instance.servers()]
    )


def wait_for_signing(sandbox: Sandbox) -> None:
    """Until the ledger's first acknowledgement from now on."""
    watch, limit = ledger.Watch(sandbox.book), time.monotonic() + 25
    while not watch.acknowledged():
        if time.monotonic() > limit:
            raise DrillError(f"nobody can sign: {sandbox.instance.last_words()}")
        time.sleep(0.05)


# -- controls: each must turn the drill red ------------------------------------------------------


def _broken(sandbox: Sandbox, seed: int, control: str) -> tuple[int, int]:
    """Some restarts of a program that is broken in one way; failed requests, and all."""
    sandbox.new_book(control)
    sandbox.instance.control = control
    sandbox.instance.start()
    run = RestartRun(sandbox)
    with loaded(
        sandbox.instance, sandbox.book, rate=CONTROL_RATE, seconds=120, seed=seed, logs=sandbox.logs
    ) as load:
        wait_for_signing(sandbox)
        for number in range(CONTROL_ROUNDS):
            run.restart(number)
        summary = load.finish()
    sandbox.instance.stop()
    sandbox.instance.control = ""
    return failed(summary["outcomes"])


def control_never_again(sandbox: Sandbox, seed: int) -> str | None:
    """Nothing is tried a second time: more than one in a hundred is told to come again."""
    bad, all_told = _broken(sandbox, seed, "never-again")
    return f"{bad} of {all_told:,} failed" if bad > SHARE * all_told else None


def control_early_once(sandbox: Sandbox, seed: int) -> str | None:
    """The answer goes out before the one try to commit: the checker finds what is lost."""
    _broken(sandbox, seed, "early-once")
    lost = [each for each in sandbox.look() if each.rule == "lost"]
    return _line(lost)


def _line(violations: list[Violation]) -> str | None:
    return str(violations[0]) if violations else None


CONTROLS: dict[str, Callable[[Sandbox, int], str | None]] = {
    "never-again": control_never_again,
    "early-once": control_early_once,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rounds", type=options.bounded(options.MOST_ROUNDS), default=20, help="restarts (20)"
    )
    parser.add_argument("--rate", type=float, default=200.0, help="signatures a second (200)")
    parser.add_argument(
        "--ending", type=options.bounded(600), default=10, help="seconds of ended connections (10)"
    )
    parser.add_argument("--control", action="append", choices=sorted(CONTROLS))

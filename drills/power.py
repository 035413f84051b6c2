"""`drill power`: cut the power while people sign; what they were told is kept is there after it.

Database and instance folder lie on a disk that forgets what was never fsynced (lossyfs). Each
round starts everything, lets people sign, kills it all at a drawn moment, takes the disk away
and opens what it kept. Every second cut is torn: random sectors of the unsynced rest survive.
"""

import argparse
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from drills import options
from drills.checker import Violation
from drills.disk import require_fuse
from drills.failure import DrillError
from drills.instance import loaded
from drills.outcome import Outcome, say, tell
from drills.processes import freeze
from drills.sandbox import Sandbox, integrity, open_sandbox

ROUND = (6.0, 10.0)  # seconds of load before the cut
CONTROL_SECONDS = 5.0


def drill(database: str, chosen: argparse.Namespace) -> Outcome:
    """Green rounds, then the controls, on the same disk and each with a ledger of its own."""
    require_fuse()
    outcome = Outcome(f"power {database}")
    wanted = [name for name in CONTROLS[database] if name in (chosen.control or CONTROLS[database])]
    with open_sandbox(database, lossy=True, keep=chosen.keep) as sandbox:
        _switch_off(sandbox)
        if not chosen.control:
            say(f"power {database}: {chosen.rounds} rounds, seed {chosen.seed}")
            _green(sandbox, outcome, chosen)
        if outcome.violations:
            say("  the controls are not run on a disk that is damaged already")
            wanted = []
        for name in wanted:
            outcome.controls[name] = _control(sandbox, name, chosen)
    return outcome


def _green(sandbox: Sandbox, outcome: Outcome, chosen: argparse.Namespace) -> None:
    assert sandbox.disk
    chance = random.Random(chosen.seed)
    for number in range(1, chosen.rounds + 1):
        torn = chance.randrange(1 << 30) if number % 2 == 0 else None
        seconds = chance.uniform(*ROUND)
        said = _sign_until_the_cut(sandbox, seconds, torn, chosen.rate, chosen.seed + number)
        violations = _open_durable(sandbox)
        account = sandbox.account()
        say(
            f"  round {number}: cut after {seconds:.1f} s, {said};"
            f" {len(account.acknowledged):,} acknowledged so far"
        )
        tell(violations)
        outcome.rounds = number
        outcome.violations = violations
        if violations:
            break
    if not outcome.violations:
        outcome.violations = _settle_after_all(sandbox)
        tell(outcome.violations)
    outcome.add(sandbox.account())


def _switch_off(sandbox: Sandbox) -> None:
    """The end of the installation, in order: the rounds begin with a power-on."""
    assert sandbox.disk
    sandbox.instance.stop()
    if sandbox.cluster:
        sandbox.cluster.stop()
    sandbox.disk.cut()


def _sign_until_the_cut(
    sandbox: Sandbox, seconds: float, torn: int | None, rate: float, seed: int
) -> str:
    assert sandbox.disk
    sandbox.disk.power_on(torn)
    if sandbox.cluster:
        sandbox.cluster.start(sandbox.root / "pg")
    sandbox.instance.start()
    with loaded(
        sandbox.instance,
        sandbox.book,
        rate=rate,
        seconds=seconds + 60,
        seed=seed,
        logs=sandbox.logs,
    ) as load:
        time.sleep(seconds)
        freeze(sandbox.instance.family() + (sandbox.cluster.family() if sandbox.cluster else []))
        sandbox.instance.kill()
        if sandbox.cluster:
            sandbox.cluster.kill_all()
        load.finish()
    return str(sandbox.disk.cut())


def _open_durable(sandbox: Sandbox) -> list[Violation]:
    """Power is back: the database's own check of itself, then ours."""
    assert sandbox.disk
    look = _look_postgresql if sandbox.cluster else _look_sqlite
    try:
        return look(sandbox, sandbox.disk.durable)
    except (DrillError, sqlite3.DatabaseError, SQLAlchemyError, psycopg.Error) as error:
        return integrity(f"it does not open: {str(error).splitlines()[0]}")


def _look_postgresql(sandbox: Sandbox, durable: Path) -> list[Violation]:
    assert sandbox.cluster
    sandbox.cluster.start(durable / "pg")
    try:
        return sandbox.integrity() + sandbox.look(folder=durable / "instance")
    finally:
        sandbox.cluster.stop()


def _look_sqlite(sandbox: Sandbox, durable: Path) -> list[Violation]:
    folder = durable / "instance"
    file = folder / "petition.db"
    if not file.exists():
        return integrity("its file is gone")
    return sandbox.integrity(file) + sandbox.look(f"sqlite:///{file}", folder)


def _settle_after_all(sandbox: Sandbox) -> list[Violation]:
    """One more power-on: letters, totals, export and public count agree with the ledger."""
    assert sandbox.disk
    sandbox.disk.power_on()
    if sandbox.cluster:
        sandbox.cluster.start(sandbox.root / "pg")
    violations = sandbox.settle()
    _switch_off(sandbox)
    return violations


# -- controls: each must lose what was acknowledged ---------------------------------------------


def _weak_sqlite(name: str) -> Callable[[Sandbox], None]:
    def weaken(sandbox: Sandbox) -> None:
        sandbox.instance.control = name

    return weaken


def _weak_postgresql(**settings: str) -> Callable[[Sandbox], None]:
    def weaken(sandbox: Sandbox) -> None:
        assert sandbox.cluster
        assert sandbox.disk
        sandbox.cluster.data = sandbox.disk.durable / "pg"
        sandbox.cluster.configure(**settings)

    return weaken


CONTROLS: dict[str, dict[str, Callable[[Sandbox], None]]] = {
    "sqlite": {
        "synchronous-normal": _weak_sqlite("synchronous-normal"),
        "synchronous-off": _weak_sqlite("synchronous-off"),
    },
    "postgresql": {
        "synchronous-commit-off": _weak_postgresql(
            synchronous_commit="off", wal_writer_delay="10s"
        ),
        "fsync-off": _weak_postgresql(synchronous_commit="on", fsync="off"),
    },
}


def _control(sandbox: Sandbox, name: str, chosen: argparse.Namespace) -> str | None:
    """The line that makes the control red; None if nothing acknowledged was lost.

    A weak server does sync now and then, and a cut just after that loses nothing: two tries.
    """
    CONTROLS[sandbox.database][name](sandbox)
    found: list[str] = []
    for attempt in range(2):
        sandbox.new_book(f"{name}-{attempt}")
        _sign_until_the_cut(sandbox, CONTROL_SECONDS, None, chosen.rate, chosen.seed + attempt)
        if not sandbox.account().acknowledged:
            raise DrillError("nobody had signed when the power was cut")
        found = [str(v) for v in _open_durable(sandbox) if v.rule in ("lost", "integrity")]
        if found:
            break
    say(f"  control {name}: {f'red, as it must be: {found[0]}' if found else 'STAYED GREEN'}")
    return found[0] if found else None


def arguments(parser: argparse.ArgumentParser) -> None:
    options.rounds(parser)
    parser.add_argument("--rate", type=float, default=50.0, help="signatures a second (50)")
    names = sorted({name for controls in CONTROLS.values() for name in controls})
    parser.add_argument("--control", action="append", choices=names)

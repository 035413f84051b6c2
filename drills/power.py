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
from contextlib import closing
from pathlib import Path

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from drills import options
from drills.arena import Arena, arena
from drills.checker import Violation
from drills.disk import require_fuse
from drills.failure import DrillError
from drills.outcome import Outcome, say, tell
from drills.processes import freeze
from drills.stand import loaded

ROUND = (6.0, 10.0)  # seconds of load before the cut
CONTROL_SECONDS = 5.0


def drill(database: str, chosen: argparse.Namespace) -> Outcome:
    """Green rounds, then the controls, on the same disk and each with a ledger of its own."""
    require_fuse()
    outcome = Outcome(f"power {database}")
    wanted = [name for name in CONTROLS[database] if name in (chosen.control or CONTROLS[database])]
    with arena(database, lossy=True, keep=chosen.keep) as place:
        _switch_off(place)
        if not chosen.control:
            say(f"power {database}: {chosen.rounds} rounds, seed {chosen.seed}")
            _green(place, outcome, chosen)
        if outcome.violations:
            say("  the controls are not run on a disk that is damaged already")
            wanted = []
        for name in wanted:
            outcome.controls[name] = _control(place, name, chosen)
    return outcome


def _green(place: Arena, outcome: Outcome, chosen: argparse.Namespace) -> None:
    assert place.disk
    chance = random.Random(chosen.seed)
    for number in range(1, chosen.rounds + 1):
        torn = chance.randrange(1 << 30) if number % 2 == 0 else None
        seconds = chance.uniform(*ROUND)
        said = _sign_until_the_cut(place, seconds, torn, chosen.rate, chosen.seed + number)
        violations = _open_durable(place)
        account = place.account()
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
        outcome.violations = _settle_after_all(place)
        tell(outcome.violations)
    outcome.add(place.account())


def _switch_off(place: Arena) -> None:
    """The end of the installation, in order: the rounds begin with a power-on."""
    assert place.disk
    place.stand.stop()
    if place.cluster:
        place.cluster.stop()
    place.disk.cut()


def _sign_until_the_cut(
    place: Arena, seconds: float, torn: int | None, rate: float, seed: int
) -> str:
    assert place.disk
    place.disk.power_on(torn)
    if place.cluster:
        place.cluster.start(place.root / "pg")
    place.stand.start()
    with loaded(
        place.stand, place.book, rate=rate, seconds=seconds + 60, seed=seed, logs=place.logs
    ) as load:
        time.sleep(seconds)
        freeze(place.stand.family() + (place.cluster.family() if place.cluster else []))
        place.stand.kill()
        if place.cluster:
            place.cluster.kill_all()
        load.finish()
    return str(place.disk.cut())


def _open_durable(place: Arena) -> list[Violation]:
    """Power is back: the database's own check of itself, then ours."""
    assert place.disk
    look = _look_postgresql if place.cluster else _look_sqlite
    try:
        return look(place, place.disk.durable)
    except (DrillError, sqlite3.DatabaseError, SQLAlchemyError, psycopg.Error) as error:
        return _faults(f"it does not open: {str(error).splitlines()[0]}")


def _look_postgresql(place: Arena, durable: Path) -> list[Violation]:
    assert place.cluster
    place.cluster.start(durable / "pg")
    try:
        return _faults(place.cluster.check_pages()) + place.look(instance=durable / "instance")
    finally:
        place.cluster.stop()


def _look_sqlite(place: Arena, durable: Path) -> list[Violation]:
    instance = durable / "instance"
    file = instance / "petition.db"
    if not file.exists():
        return _faults("its file is gone")
    with closing(sqlite3.connect(file)) as connection:
        (word,) = connection.execute("PRAGMA integrity_check").fetchone()
    return _faults(None if word == "ok" else word) + place.look(f"sqlite:///{file}", instance)


def _faults(word: str | None) -> list[Violation]:
    if word is None:
        return []
    return [Violation(rule="integrity", meaning="the database finds fault", examples=(word,))]


def _settle_after_all(place: Arena) -> list[Violation]:
    """One more power-on: letters, totals, export and public count agree with the ledger."""
    assert place.disk
    place.disk.power_on()
    if place.cluster:
        place.cluster.start(place.root / "pg")
    violations = place.settle()
    _switch_off(place)
    return violations


# -- controls: each must lose what was acknowledged ---------------------------------------------


def _weak_sqlite(name: str) -> Callable[[Arena], None]:
    def weaken(place: Arena) -> None:
        place.stand.control = name

    return weaken


def _weak_postgresql(**settings: str) -> Callable[[Arena], None]:
    def weaken(place: Arena) -> None:
        assert place.cluster
        assert place.disk
        place.cluster.data = place.disk.durable / "pg"
        place.cluster.configure(**settings)

    return weaken


CONTROLS: dict[str, dict[str, Callable[[Arena], None]]] = {
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


def _control(place: Arena, name: str, chosen: argparse.Namespace) -> str | None:
    """The line that makes the control red; None if nothing acknowledged was lost.

    A weak server does sync now and then, and a cut just after that loses nothing: two tries.
    """
    CONTROLS[place.database][name](place)
    found: list[str] = []
    for attempt in range(2):
        place.new_book(f"{name}-{attempt}")
        _sign_until_the_cut(place, CONTROL_SECONDS, None, chosen.rate, chosen.seed + attempt)
        found = [str(v) for v in _open_durable(place) if v.rule in ("lost", "integrity")]
        if found:
            break
    say(f"  control {name}: {f'red, as it must be: {found[0]}' if found else 'STAYED GREEN'}")
    return found[0] if found else None


def arguments(parser: argparse.ArgumentParser) -> None:
    options.rounds(parser)
    parser.add_argument("--rate", type=float, default=50.0, help="signatures a second (50)")
    names = sorted({name for controls in CONTROLS.values() for name in controls})
    parser.add_argument("--control", action="append", choices=names)

"""Counts by sender: one statement counts for many senders at once, and the database decides.

Exact over any number of processes and machines: each count locks its row until the commit. Signing
counts inside the transaction of its batch, so it costs no commit of its own.

An entry's number tells its millisecond, so no count keeps one: windows begin with a whole minute,
and turns stand in the grid of their pace. By an exact time a sender would stand beside an entry.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from petition.domain.abuse.actions import A_MINUTE, AN_HOUR, LONGEST_WAIT
from petition.store.db.rows import Rows
from petition.store.db.upsert import upsert, upsert_one
from petition.store.tables import ActionTotal, SenderAllowance, SenderCount, SenderKey, SenderTry

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * 1000 + span.microseconds // 1000


def as_number(at: datetime) -> int:
    """Milliseconds since 1970."""
    return milliseconds(at - _EPOCH)


def as_time(number: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=number)


# --- the key of a day -----------------------------------------------------------------------------


def day_secret(session: Session, day: date) -> bytes | None:
    """The random value of that day; None when nobody has drawn one yet."""
    secret = session.scalar(select(SenderKey.secret).where(SenderKey.day == day))
    return None if secret is None else bytes(secret)


def add_day_secret(session: Session, day: date, secret: bytes) -> None:
    """Propose a random value; the first one of a day stays."""
    upsert(session, SenderKey, {"day": day, "secret": secret})


def note_hidden(session: Session, day: date, *, at: datetime) -> None:
    """A proxy hid who sent a request."""
    session.execute(update(SenderKey).where(SenderKey.day == day).values(hidden_at=at))


def hidden_at(session: Session) -> datetime | None:
    """When that last happened, as far as is known: today and yesterday."""
    return session.scalar(select(func.max(SenderKey.hidden_at)))


HASHES: Final = (SenderCount, SenderTry)


def old_hashes(*, before: date) -> tuple[Rows, ...]:
    """The hashes of earlier days."""
    return tuple(Rows(table, table.day < before) for table in HASHES)


def old_keys(*, before: date) -> Rows:
    """The random values that they were made with."""
    return Rows(SenderKey, SenderKey.day < before)


# --- counting -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """A sender does something once, or `number` times."""

    sender: bytes
    day: date
    action: str
    burst: int
    """Within a minute; more is refused."""
    hourly: int
    """Within an hour; more is refused."""
    pace: int = 0
    """Milliseconds from one letter to the next."""
    at_once: int = 0
    """So many letters go before the pace begins."""
    number: int = 1
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What becomes of a charge: refused until a time, or taken, and the letter due at a time."""

    taken: bool
    until: datetime


_MINUTE: Final = milliseconds(A_MINUTE)
_HOUR: Final = milliseconds(AN_HOUR)
_LONGEST: Final = milliseconds(LONGEST_WAIT)

# A window is over when it began long enough ago, or, by a clock that was wrong, as long ahead.
_MINUTE_OVER: Final = f"abs(excluded.minute_at - held.minute_at) >= {_MINUTE}"
_HOUR_OVER: Final = f"abs(excluded.hour_at - held.hour_at) >= {_HOUR}"
_IN_MINUTE: Final = f"(CASE WHEN {_MINUTE_OVER} THEN 0 ELSE held.minute END)"
_IN_HOUR: Final = f"(CASE WHEN {_HOUR_OVER} THEN 0 ELSE held.hour END)"
_WANTED: Final = "(excluded.taken + excluded.refused)"
_NOW: Final = "(excluded.turn_at - excluded.taken * excluded.pace)"
_TURN: Final = f"{{greatest}}(held.turn_at, {_NOW})"
# How many letters still find a turn before the longest wait.
_ROOM: Final = f"""(CASE WHEN excluded.pace = 0 THEN {_WANTED}
                 ELSE ({_NOW} + {_LONGEST} - {_TURN}) / excluded.pace END)"""
_TAKEN: Final = f"""{{greatest}}(0, {{least}}({_WANTED}, excluded.burst - {_IN_MINUTE},
                                          excluded.hourly - {_IN_HOUR}, {_ROOM}))"""
_COLUMNS: Final = (
    "sender, action, day, minute_at, minute, hour_at, hour, turn_at, taken, refused, refused_at, "
    "burst, hourly, pace"
)
_NAMES: Final = tuple(_COLUMNS.split(", "))
_COUNT: Final = f"""
INSERT INTO sender_counts AS held ({_COLUMNS})
SELECT {_COLUMNS} FROM given WHERE true
ON CONFLICT (sender, action) DO UPDATE SET
    minute_at = CASE WHEN {_MINUTE_OVER} THEN excluded.minute_at ELSE held.minute_at END,
    minute = {_IN_MINUTE} + {_TAKEN},
    hour_at = CASE WHEN {_HOUR_OVER} THEN excluded.hour_at ELSE held.hour_at END,
    hour = {_IN_HOUR} + {_TAKEN},
    turn_at = {_TURN} + {_TAKEN} * excluded.pace,
    taken = {_TAKEN},
    refused = held.refused + {_WANTED} - {_TAKEN},
    refused_at = CASE WHEN {_TAKEN} < {_WANTED} THEN excluded.hour_at ELSE held.refused_at END,
    burst = excluded.burst, hourly = excluded.hourly, pace = excluded.pace
RETURNING sender, action, taken, turn_at, minute_at, minute, hour_at, hour
"""  # noqa: S608  # constants alone
_ON_SQLITE: Final = "WITH given ({names}) AS (VALUES {rows})" + _COUNT.format(
    least="min", greatest="max"
).replace("{", "{{").replace("}", "}}")
_GIVEN: Final = """
WITH given AS (SELECT * FROM json_to_recordset(%s::json) AS row (
    sender bytea, action text, day date, minute_at bigint, minute int, hour_at bigint, hour int,
    turn_at bigint, taken int, refused int, refused_at bigint, burst int, hourly int, pace int
))"""
_ON_POSTGRESQL: Final = _GIVEN + _COUNT.format(least="least", greatest="greatest")


def charge(session: Session, charges: Sequence[Charge]) -> list[Verdict]:
    """Count, in the caller's transaction; what becomes of each, in their order."""
    groups: dict[tuple[bytes, str], list[int]] = {}
    for place, each in enumerate(charges):
        groups.setdefault((each.sender, each.action), []).append(place)
    # Sorted, so that two processes with the same senders wait for each other and do not lock up.
    rows = [_row([charges[place] for place in groups[key]]) for key in sorted(groups)]
    verdicts: dict[int, Verdict] = {}
    for counted in _run(session.connection(), rows) if rows else ():
        places = groups[(bytes(counted.sender), counted.action)]
        verdicts.update(zip(places, _verdicts([charges[p] for p in places], counted), strict=True))
    return [verdicts[place] for place in range(len(charges))]


def _row(group: Sequence[Charge]) -> tuple[object, ...]:
    """What one sender does in this batch, as if it were its first today."""
    one, now = group[0], as_number(max(each.at for each in group))
    at, turn = now - now % _MINUTE, now - now % (one.pace or _MINUTE)
    number = sum(each.number for each in group)
    room = _LONGEST // one.pace if one.pace else number
    taken = min(number, one.burst, one.hourly, room)
    return (
        one.sender,
        one.action,
        one.day.isoformat(),
        at,
        taken,
        at,
        taken,
        turn + taken * one.pace,
        taken,
        number - taken,
        at if taken < number else 0,
        one.burst,
        one.hourly,
        one.pace,
    )


def _run(connection: Connection, rows: list[tuple[object, ...]]) -> Sequence[Any]:
    if connection.dialect.name == "sqlite":
        values = tuple(itertools.chain.from_iterable(rows))
        return connection.exec_driver_sql(_on_sqlite(len(rows)), values).all()
    document = [dict(zip(_NAMES, row, strict=True)) for row in rows]
    text = json.dumps(document, default=lambda value: "\\x" + value.hex())
    return connection.exec_driver_sql(_ON_POSTGRESQL, (text,)).all()


@lru_cache(maxsize=64)
def _on_sqlite(rows: int) -> str:
    marks = f"({', '.join('?' for _ in _NAMES)})"
    return _ON_SQLITE.format(names=_COLUMNS, rows=", ".join([marks] * rows))


def _verdicts(group: Sequence[Charge], counted: Any) -> Iterable[Verdict]:
    """The first ones of the batch are taken; each letter's turn follows that of the one before."""
    before = 0
    for each in group:
        before += each.number
        if before > counted.taken:
            yield Verdict(taken=False, until=max(_open_again(each, counted), each.at))
            continue
        turn = counted.turn_at - (counted.taken - before + each.at_once) * each.pace
        yield Verdict(taken=True, until=max(as_time(turn), each.at) if each.pace else each.at)


def _open_again(one: Charge, counted: Any) -> datetime:
    if counted.hour >= one.hourly:
        return as_time(counted.hour_at) + AN_HOUR
    if counted.minute >= one.burst:
        return as_time(counted.minute_at) + A_MINUTE
    return one.at + A_MINUTE


def note_try(session: Session, pair: bytes, day: date) -> bool:
    """Remember that a sender tried a subject; True the first time that day."""
    return upsert(session, SenderTry, {"pair": pair, "day": day}) > 0


def was_tried(session: Session, pair: bytes) -> bool:
    """Whether `note_try` remembers it. Changes nothing."""
    return session.scalar(select(SenderTry.pair).where(SenderTry.pair == pair)) is not None


def count_total(session: Session, action: str, *, at: datetime, within: timedelta) -> int:
    """Count something that anybody did; how often in the window that this one is in."""
    now, span = as_number(at), milliseconds(within)

    def change(new: Any) -> dict[str, object]:
        over = func.abs(new.since - ActionTotal.since) >= span
        return {
            "since": case((over, new.since), else_=ActionTotal.since),
            "number": case((over, 1), else_=ActionTotal.number + 1),
        }

    row = {"action": action, "since": now, "number": 1}
    return upsert_one(session, ActionTotal, row, change=change, returning=ActionTotal.number)


# --- places with wider limits ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """A place whose limits are so many times as wide, until then."""

    id: int
    network: str
    factor: int
    until: datetime
    by: str


def allow(
    session: Session, network: str, *, factor: int, until: datetime, by: str, at: datetime
) -> None:
    """Widen the limits for a place."""
    session.execute(
        insert(SenderAllowance).values(
            network=network, factor=factor, until=until, by=by, created_at=at
        )
    )


def allowances(session: Session, *, at: datetime) -> list[Allowance]:
    """Those in force, the first to end first."""
    rows = session.scalars(
        select(SenderAllowance)
        .where(SenderAllowance.until > at)
        .order_by(SenderAllowance.until, SenderAllowance.id)
    )
    return [
        Allowance(id=row.id, network=row.network, factor=row.factor, until=row.until, by=row.by)
        for row in rows
    ]


def end_allowance(session: Session, network: str) -> int:
    """No longer; how many rows there were."""
    gone = session.execute(delete(SenderAllowance).where(SenderAllowance.network == network))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE has one


def ended_allowances(*, at: datetime) -> Rows:
    """Places whose wider limits have ended."""
    return Rows(SenderAllowance, SenderAllowance.until <= at)

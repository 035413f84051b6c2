"""Provider pauses: how mail providers take our letters, and which of them get none for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.db.types import Base
from petition.store.db.upsert import upsert
from petition.store.tables import ProviderMinute, ProviderPause

AN_HOUR: Final = timedelta(hours=1)
KEPT: Final = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Letters that a provider answered to, and how many of them it blocked."""

    letters: int = 0
    blocked: int = 0


@dataclass(frozen=True, kw_only=True)
class PausedProvider:
    """A provider that gets no letters for a while."""

    name: str
    paused_at: datetime
    until: datetime
    letters: int
    blocked: int


def add(session: Session, tallies: Mapping[tuple[bytes, datetime], Tally]) -> None:
    """Add what was seen in these minutes."""
    upsert(
        session,
        ProviderMinute,
        [
            {
                "provider_key": key,
                "minute": minute,
                "letters": tally.letters,
                "blocked": tally.blocked,
            }
            for (key, minute), tally in sorted(tallies.items())
        ],
        change=lambda new: {
            "letters": ProviderMinute.letters + new.letters,
            "blocked": ProviderMinute.blocked + new.blocked,
        },
    )


def last_hour(session: Session, provider_key: bytes, *, at: datetime) -> Tally:
    """What it answered to within the last hour."""
    row = session.execute(
        select(
            func.coalesce(func.sum(ProviderMinute.letters), 0),
            func.coalesce(func.sum(ProviderMinute.blocked), 0),
        ).where(ProviderMinute.provider_key == provider_key, ProviderMinute.minute > at - AN_HOUR)
    ).one()
    return Tally(letters=int(row[0]), blocked=int(row[1]))


def pause(
    session: Session,
    provider_key: bytes,
    name: str,
    tally: Tally,
    *,
    at: datetime,
    until: datetime,
) -> bool:
    """Nothing goes there until then, and its hour is counted anew; False when another worker has
    said so.
    """
    session.execute(
        delete(ProviderMinute)
        .where(ProviderMinute.provider_key == provider_key)
        .execution_options(synchronize_session=False)
    )
    row = {
        "provider_key": provider_key,
        "name": name,
        "paused_at": at,
        "until": until,
        "letters": tally.letters,
        "blocked": tally.blocked,
    }
    return (
        upsert(
            session,
            ProviderPause,
            row,
            change=lambda new: {
                "paused_at": new.paused_at,
                "until": new.until,
                "letters": new.letters,
                "blocked": new.blocked,
            },
            where=ProviderPause.until <= at,
        )
        == 1
    )


def is_any(session: Session, *, at: datetime) -> bool:
    """Whether any provider is paused: mostly none is."""
    query = select(ProviderPause.until).where(ProviderPause.until > at).limit(1)
    return session.scalar(query) is not None


def until(session: Session, provider_key: bytes, *, at: datetime) -> datetime | None:
    """Until when the provider is paused; None when it is not."""
    return session.scalar(
        select(ProviderPause.until).where(
            ProviderPause.provider_key == provider_key, ProviderPause.until > at
        )
    )


def listed(session: Session) -> tuple[PausedProvider, ...]:
    """Those that are paused, or were until a moment ago."""
    rows = session.scalars(select(ProviderPause).order_by(ProviderPause.name))
    return tuple(
        PausedProvider(
            name=row.name,
            paused_at=row.paused_at,
            until=row.until,
            letters=row.letters,
            blocked=row.blocked,
        )
        for row in rows
    )


def is_any_past(at: Moment) -> Condition:
    """Whether `delete_past` would delete any."""
    return or_(*(any_row(table, where) for table, where in _past(at)))


def delete_past(session: Session, *, at: datetime) -> None:
    """Minutes long past, and pauses that are over."""
    for table, where in _past(at):
        session.execute(delete(table).where(where).execution_options(synchronize_session=False))


def _past(at: datetime | Moment) -> tuple[tuple[type[Base], Condition], ...]:
    return (
        (ProviderMinute, ProviderMinute.minute < at - KEPT),
        (ProviderPause, ProviderPause.until <= at),
    )

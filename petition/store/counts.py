"""Counts: totals that the worker folds in; a page never counts rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from petition.domain import signature as states
from petition.errors import PetitionError
from petition.store import figures
from petition.store.tables import Campaign, Count, CountChange, Entry, Fold, Signature

TOTAL: Final = "total"
DIMENSIONS: Final = ("country", "day", "language", "source")
WENT: Final = "went"
"""By how much the total ever fell, seen from fold to fold: what a watcher of the page has seen."""
FINAL: Final = "final"
"""The snapshot of a campaign whose signatures are erased: its totals as they were."""
BATCH = 10_000

Totals = Counter[tuple[str, str]]
"""(dimension, value) to confirmed signatures."""

_COUNTS: Table = Count.__table__  # type: ignore[assignment]  # declared as FromClause
_FOLDS: Table = Fold.__table__  # type: ignore[assignment]  # the same


class NothingToCount(PetitionError):
    """The time of this campaign's signatures is over and they are erased: its totals stay."""


def total(session: Session, campaign_id: int) -> int:
    """Confirmed signatures as last folded."""
    return _alone(session, campaign_id, TOTAL)


def went(session: Session, campaign_id: int) -> int:
    """By how much the total ever fell, fold by fold: it only grows."""
    return _alone(session, campaign_id, WENT)


def _alone(session: Session, campaign_id: int, dimension: str) -> int:
    query = select(Count.confirmed).where(
        Count.campaign_id == campaign_id, Count.dimension == dimension, Count.value == ""
    )
    return session.scalar(query) or 0


def folded_at(session: Session, campaign_id: int) -> datetime | None:
    """When the totals were last up to date; None before the first fold."""
    return session.scalar(select(Fold.folded_at).where(Fold.campaign_id == campaign_id))


def by(session: Session, campaign_id: int, dimension: str) -> list[tuple[str, int]]:
    """(value, confirmed) in the order of the values, without empty ones."""
    rows = session.execute(
        select(Count.value, Count.confirmed)
        .where(Count.campaign_id == campaign_id, Count.dimension == dimension, Count.confirmed != 0)
        .order_by(Count.value)
    )
    return [(value, confirmed) for value, confirmed in rows]


def states_of(session: Session, campaign_id: int) -> dict[str, int]:
    """Signatures by state, counted now: for staff, never for a public page."""
    rows = session.execute(
        select(Signature.state, func.count())
        .where(Signature.campaign_id == campaign_id)
        .group_by(Signature.state)
    )
    return {row.state: row[1] for row in rows}


def fold(session: Session, *, at: datetime) -> int:
    """Add waiting changes to the totals; the number folded. Exactly once, by the DELETE.

    Another worker may fold at the same time: the campaigns' rows, locked in order, make it wait.
    """
    campaign_ids = list(
        session.scalars(select(Campaign.id).order_by(Campaign.id).with_for_update(key_share=True))
    )
    folded = 0
    net: Counter[int] = Counter()
    while changes := _take(session):
        folded += len(changes)
        by_campaign: dict[int, Totals] = {}
        for campaign_id, day, country, language, source, change in changes:
            totals = by_campaign.setdefault(campaign_id, Counter())
            for key in (
                (TOTAL, ""),
                ("day", day.isoformat()),
                ("country", country),
                ("language", language),
                ("source", source),
            ):
                totals[key] += change
            net[campaign_id] += change
        for campaign_id, totals in by_campaign.items():
            _add(session, campaign_id, totals)
    for campaign_id, fell in (-net).items():  # leaves only those that fell
        _add(session, campaign_id, Counter({(WENT, ""): fell}))
    _stamp(session, campaign_ids, at)
    return folded


def _take(session: Session) -> list[Any]:
    oldest = select(CountChange.id).order_by(CountChange.id).limit(BATCH).scalar_subquery()
    return list(
        session.execute(
            delete(CountChange)
            .where(CountChange.id.in_(oldest))
            .returning(
                CountChange.campaign_id,
                CountChange.day,
                CountChange.country,
                CountChange.language,
                CountChange.source,
                CountChange.change,
            )
            .execution_options(synchronize_session=False)
        ).all()
    )


def _insert(session: Session, table: Table) -> Any:
    dialect = session.get_bind().dialect.name
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _add(session: Session, campaign_id: int, totals: Totals) -> None:
    statement = _insert(session, _COUNTS)
    statement = statement.on_conflict_do_update(
        index_elements=["campaign_id", "dimension", "value"],
        set_={"confirmed": _COUNTS.c.confirmed + statement.excluded.confirmed},
    )
    session.connection().execute(statement, _rows(campaign_id, totals))


def _rows(campaign_id: int, totals: Totals) -> list[dict[str, object]]:
    return [
        {"campaign_id": campaign_id, "dimension": dimension, "value": value, "confirmed": number}
        for (dimension, value), number in sorted(totals.items())
    ]


def _stamp(session: Session, campaign_ids: Iterable[int], at: datetime) -> None:
    rows = [{"campaign_id": campaign_id, "folded_at": at} for campaign_id in campaign_ids]
    if rows:
        statement = _insert(session, _FOLDS)
        session.connection().execute(
            statement.on_conflict_do_update(
                index_elements=["campaign_id"], set_={"folded_at": statement.excluded.folded_at}
            ),
            rows,
        )


def recount(session: Session, campaign_id: int, *, at: datetime) -> tuple[int, int]:
    """Count the confirmed signatures themselves and repair the totals: (shown before, true).

    The session must read one snapshot (store.db.snapshot_transaction): what is confirmed
    meanwhile stays owed to the next fold.
    """
    before = total(session, campaign_id)
    if figures.read(session, campaign_id, FINAL) is not None:
        raise NothingToCount
    session.execute(delete(CountChange).where(CountChange.campaign_id == campaign_id))
    session.execute(delete(Count).where(Count.campaign_id == campaign_id, Count.dimension != WENT))
    totals: Totals = Counter()
    day = func.date(Signature.confirmed_at)
    source = func.coalesce(Entry.source, "")
    for dimension, column in (
        ("country", Entry.country),
        ("day", day),
        ("language", Entry.language),
        ("source", source),
    ):
        rows = session.execute(
            select(column, func.count())
            .select_from(Signature)
            .join(Entry, Entry.id == Signature.entry_id)
            .where(Signature.campaign_id == campaign_id, Signature.state == states.CONFIRMED)
            .group_by(column)
        )
        for value, number in rows:
            totals[dimension, str(value)] = number
    after = sum(number for (dimension, _), number in totals.items() if dimension == "country")
    totals[TOTAL, ""] = after
    _add(session, campaign_id, totals)
    _stamp(session, [campaign_id], at)
    return before, after

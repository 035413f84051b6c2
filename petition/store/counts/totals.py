"""Totals: what the worker folds in; a page never counts rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from petition.domain.signatures import states
from petition.errors import PetitionError
from petition.store.counts import snapshots
from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.db.upsert import upsert
from petition.store.tables import (
    DIMENSIONS,
    Campaign,
    Count,
    CountChange,
    Entry,
    Fold,
    Signature,
)

TOTAL: Final = "total"
BY: Final = tuple(each.name for each in DIMENSIONS)
"""What the totals are broken down by."""
FINAL: Final = "final"
"""The snapshot of a campaign whose signatures are erased: its totals as they were."""
BATCH = 10_000

Totals = Counter[tuple[str, str]]
"""(dimension, value) to confirmed signatures."""


class FinalNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """What the snapshot `FINAL` holds."""

    confirmed: int = 0


class NothingToCount(PetitionError):
    """The time of this campaign's signatures is over and they are erased: its totals stay."""


def total(session: Session, campaign_id: int) -> int:
    """Confirmed signatures as last folded."""
    query = select(Count.confirmed).where(
        Count.campaign_id == campaign_id, Count.dimension == TOTAL, Count.value == ""
    )
    return session.scalar(query) or 0


def decreases(session: Session, campaign_id: int) -> int:
    """By how much the total ever fell, fold by fold: it only grows."""
    return session.scalar(select(Fold.decreases).where(Fold.campaign_id == campaign_id)) or 0


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


def is_look_due(name: str, *, since: Moment, least: int) -> Condition:
    """Whether so many came or left in any campaign that has no snapshot of that name since then.

    Where that is not so, none of these figures can have moved since they were last looked at.
    """
    now = select(Count.confirmed).where(
        Count.campaign_id == Fold.campaign_id, Count.dimension == TOTAL, Count.value == ""
    )
    return any_row(
        Fold,
        func.coalesce(now.scalar_subquery(), 0) + Fold.decreases >= least,
        ~snapshots.is_there(Fold.campaign_id, name, since=since),
    )


def states_of(session: Session, campaign_id: int) -> dict[str, int]:
    """Signatures by state, counted now: for staff, never for a public page."""
    rows = session.execute(
        select(Signature.state, func.count())
        .where(Signature.campaign_id == campaign_id, Signature.state != states.WRITER)
        .group_by(Signature.state)
    )
    return {row.state: row[1] for row in rows}


def states_of_all(session: Session) -> dict[int, dict[str, int]]:
    """The same by campaign: it reads every signature, once, for a worker."""
    # The sum keeps SQLite from going by its index of campaigns and addresses: that leads through
    # the table in no order, and takes ten times as long.
    campaign = Signature.campaign_id + 0
    found: dict[int, dict[str, int]] = {}
    for campaign_id, state, number in session.execute(
        select(campaign, Signature.state, func.count())
        .where(Signature.state != states.WRITER)
        .group_by(campaign, Signature.state)
    ):
        found.setdefault(campaign_id, {})[state] = number
    return found


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
        for campaign_id, change, *values in changes:
            totals = by_campaign.setdefault(campaign_id, Counter())
            totals[TOTAL, ""] += change
            for dimension, value in zip(BY, values, strict=True):
                totals[dimension, str(value)] += change
            net[campaign_id] += change
        for campaign_id, totals in by_campaign.items():
            _add(session, campaign_id, totals)
    fell = -net  # leaves only those that fell
    _stamp(session, {id_: fell[id_] for id_ in campaign_ids}, at)
    return folded


def _take(session: Session) -> list[Any]:
    """The oldest changes: campaign, change, and what each dimension has it under."""
    oldest = select(CountChange.id).order_by(CountChange.id).limit(BATCH).scalar_subquery()
    under = (getattr(CountChange, dimension) for dimension in BY)
    return list(
        session.execute(
            delete(CountChange)
            .where(CountChange.id.in_(oldest))
            .returning(CountChange.campaign_id, CountChange.change, *under)
            .execution_options(synchronize_session=False)
        ).all()
    )


def _add(session: Session, campaign_id: int, totals: Totals) -> None:
    upsert(
        session,
        Count,
        _rows(campaign_id, totals),
        change=lambda new: {"confirmed": Count.confirmed + new.confirmed},
    )


def _rows(campaign_id: int, totals: Totals) -> list[dict[str, object]]:
    return [
        {"campaign_id": campaign_id, "dimension": dimension, "value": value, "confirmed": number}
        for (dimension, value), number in sorted(totals.items())
    ]


def _stamp(session: Session, decreases: Mapping[int, int], at: datetime) -> None:
    """The totals of these campaigns are up to date; by how much each fell since the last time."""
    rows = [
        {"campaign_id": campaign_id, "folded_at": at, "decreases": fell}
        for campaign_id, fell in decreases.items()
    ]
    upsert(
        session,
        Fold,
        rows,
        change=lambda new: {
            "folded_at": new.folded_at,
            "decreases": Fold.decreases + new.decreases,
        },
    )


def recount(session: Session, campaign_id: int, *, at: datetime) -> tuple[int, int]:
    """Count the confirmed signatures themselves and repair the totals: (shown before, true).

    The session must read one snapshot (store.db.snapshot_transaction): what is confirmed
    meanwhile stays owed to the next fold.
    """
    before = total(session, campaign_id)
    if snapshots.exists(session, campaign_id, FINAL):
        raise NothingToCount
    session.execute(delete(CountChange).where(CountChange.campaign_id == campaign_id))
    session.execute(delete(Count).where(Count.campaign_id == campaign_id))
    totals: Totals = Counter()
    for dimension in DIMENSIONS:
        rows = session.execute(
            select(dimension.value, func.count())
            .select_from(Signature)
            .join(Entry, Entry.id == Signature.entry_id)
            .where(Signature.campaign_id == campaign_id, Signature.state == states.CONFIRMED)
            .group_by(dimension.value)
        )
        for value, number in rows:
            totals[dimension.name, str(value)] = number
    after = sum(number for (name, _), number in totals.items() if name == BY[0])
    totals[TOTAL, ""] = after
    _add(session, campaign_id, totals)
    _stamp(session, {campaign_id: 0}, at)
    return before, after

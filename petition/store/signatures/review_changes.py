"""What decisions about names changed: kept for as long as they can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.signatures.moderation import Standing
from petition.store.tables import ReviewChange


@dataclass(frozen=True, kw_only=True)
class Change:
    """One decision, and what stood before it."""

    campaign_id: int
    entry_id: int
    batch: str
    """The same of all that were decided by one press of a button."""
    now: Standing
    before: Standing | None
    """None where nobody had decided."""


def add(session: Session, change: Change) -> None:
    """Remember what a decision changes."""
    before = change.before
    session.add(
        ReviewChange(
            campaign_id=change.campaign_id,
            entry_id=change.entry_id,
            batch=change.batch,
            verdict=change.now.verdict,
            by=change.now.by,
            at=change.now.at,
            before_verdict=before.verdict if before else None,
            before_by=before.by if before else None,
            before_at=before.at if before else None,
        )
    )


def last_batch(session: Session, campaign_id: int, *, by: str, since: datetime) -> list[Change]:
    """What somebody decided last on this campaign, by one press of a button; nothing older."""
    own = (ReviewChange.campaign_id == campaign_id, ReviewChange.by == by, ReviewChange.at > since)
    newest = select(ReviewChange.batch).where(*own).order_by(ReviewChange.id.desc()).limit(1)
    query = (
        select(ReviewChange)
        .where(*own, ReviewChange.batch == newest.scalar_subquery())
        .order_by(ReviewChange.id)
    )
    return [_change(row) for row in session.scalars(query)]


def delete_batch(session: Session, batch: str) -> bool:
    """It is undone, or nothing is left of it to undo; False where somebody else was first."""
    return _delete(session, ReviewChange.batch == batch)


def is_any_past(*, since: Moment) -> Condition:
    """Whether `delete_past` would delete any."""
    return any_row(ReviewChange, ReviewChange.at <= since)


def delete_past(session: Session, *, since: datetime) -> None:
    """Those that are too old to be undone."""
    _delete(session, ReviewChange.at <= since)


def _delete(session: Session, condition: ColumnElement[bool]) -> bool:
    done = session.connection().execute(delete(ReviewChange).where(condition))
    return done.rowcount > 0


def _change(row: ReviewChange) -> Change:
    before = None
    if row.before_verdict is not None and row.before_by is not None and row.before_at is not None:
        before = Standing(verdict=row.before_verdict, by=row.before_by, at=row.before_at)
    return Change(
        campaign_id=row.campaign_id,
        entry_id=row.entry_id,
        batch=row.batch,
        now=Standing(verdict=row.verdict, by=row.by, at=row.at),
        before=before,
    )

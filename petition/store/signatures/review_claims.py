"""Claims: which names that wait are being read by whom, so that nobody else is shown them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.db.upsert import upsert
from petition.store.tables import Campaign, ReviewClaim


def lock(session: Session, campaign_id: int) -> None:
    """Until the transaction ends, nobody else claims names of this campaign."""
    session.execute(
        select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(key_share=True)
    )


def of_others(session: Session, campaign_id: int, *, by: str, at: datetime) -> list[int]:
    """The forms that somebody else is reading."""
    query = select(ReviewClaim.entry_id).where(
        ReviewClaim.campaign_id == campaign_id, ReviewClaim.by != by, ReviewClaim.until > at
    )
    return list(session.scalars(query))


def holder(session: Session, entry_id: int, *, at: datetime) -> str | None:
    """Who is reading this form; None while nobody is."""
    return session.scalar(
        select(ReviewClaim.by).where(ReviewClaim.entry_id == entry_id, ReviewClaim.until > at)
    )


def claim(
    session: Session, campaign_id: int, entry_ids: Sequence[int], *, by: str, until: datetime
) -> None:
    """These forms are read by nobody else until then; what they claimed before is free. Lock first.

    Who is to be asked about others' claims is `of_others`: these replace whatever there is.
    """
    _delete(
        session,
        ReviewClaim.campaign_id == campaign_id,
        ReviewClaim.by == by,
        ReviewClaim.entry_id.not_in(entry_ids),
    )
    upsert(
        session,
        ReviewClaim,
        [
            {"entry_id": entry_id, "campaign_id": campaign_id, "by": by, "until": until}
            for entry_id in entry_ids
        ],
        change=lambda new: {"by": new.by, "until": new.until},
    )


def release(session: Session, entry_id: int) -> None:
    """Nobody reads this form any more."""
    _delete(session, ReviewClaim.entry_id == entry_id)


def is_any_past(at: Moment) -> Condition:
    """Whether `delete_past` would delete any."""
    return any_row(ReviewClaim, ReviewClaim.until <= at)


def delete_past(session: Session, *, at: datetime) -> None:
    """Those whose time is over."""
    _delete(session, ReviewClaim.until <= at)


def _delete(session: Session, *conditions: ColumnElement[bool]) -> None:
    session.execute(
        delete(ReviewClaim).where(*conditions).execution_options(synchronize_session=False)
    )

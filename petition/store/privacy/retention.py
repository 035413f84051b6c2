"""Retention: which campaigns' time is over, who is to be reminded, and how much is held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from petition.domain.campaigns.campaign import end_of
from petition.domain.letters import letter as letters
from petition.domain.letters.recipient import Recipient
from petition.domain.signatures import states
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.tables import Campaign, Entry, Signature


@dataclass(frozen=True, kw_only=True)
class RetentionPeriod:
    """A campaign and how long its signatures are kept."""

    campaign_id: int
    slug: str
    closed_at: datetime | None
    """When staff closed it or it closes by its own date, whichever comes first."""
    months: int


def clocks(session: Session) -> list[RetentionPeriod]:
    """Every campaign's, oldest first."""
    rows = session.scalars(select(Campaign).order_by(Campaign.id))
    return [
        RetentionPeriod(
            campaign_id=row.id,
            slug=row.slug,
            closed_at=end_of(closed_at=row.closed_at, closes_at=row.closes_at),
            months=row.retention_months,
        )
        for row in rows
    ]


def set_months(session: Session, campaign_id: int, months: int) -> None:
    """Keep a campaign's signatures for that long after closing."""
    session.execute(
        update(Campaign).where(Campaign.id == campaign_id).values(retention_months=months)
    )


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """How much is held of one campaign; kept as JSON, where a new field gets its default."""

    confirmed: int = 0
    withdrawn: int = 0
    """Confirmed before, and then withdrawn: who withdrew without confirming is kept as long as
    their newest form, so that somebody else's form would move this number."""
    forms_not_confirmed: int = 0
    """Forms held that no mailbox confirmed: the same for every address that somebody enters."""


def numbers(session: Session) -> dict[int, Numbers]:
    """How much is held now, by campaign. Reads every signature: for a snapshot, not for a page."""
    # The sum keeps SQLite from going by its index of campaigns and addresses: that leads through
    # the table in no order, and takes ten times as long.
    campaign = Signature.campaign_id + 0
    held: dict[int, dict[str, int]] = {}
    for row in session.execute(
        select(
            campaign.label("id"),
            Signature.state,
            func.count(Signature.confirmed_at).label("standing"),
        ).group_by(campaign, Signature.state)
    ):
        held.setdefault(row.id, {})[row.state] = row.standing
    forms = session.execute(
        select(campaign.label("id"), func.count().label("number"))
        .select_from(Entry)
        .join(Signature, Signature.id == Entry.signature_id)
        .group_by(campaign)
    )
    not_confirmed = {row.id: row.number - sum(held[row.id].values()) for row in forms}
    return {
        id_: Numbers(
            confirmed=by_state.get(states.CONFIRMED, 0),
            withdrawn=by_state.get(states.WITHDRAWN, 0),
            forms_not_confirmed=not_confirmed.get(id_, 0),
        )
        for id_, by_state in held.items()
    }


def owe_reminders(
    session: Session, *, at: datetime, after: timedelta, until: timedelta, most: int
) -> int:
    """Owe the one reminder to who has not confirmed for that long; how many.

    One UPDATE takes them: another worker may be reminding at this moment.
    """
    due = (
        select(Signature.id)
        .where(
            Signature.state == states.PENDING,
            Signature.reminded_at.is_(None),
            Signature.unsubscribed_at.is_(None),
            Signature.created_at <= at - after,
            Signature.created_at > at - until,
        )
        .order_by(Signature.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    ids = session.scalars(
        update(Signature)
        .where(Signature.id.in_(due))
        .values(reminded_at=at)
        .returning(Signature.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not ids:
        return 0
    newest = session.scalars(
        select(func.max(Entry.id)).where(Entry.signature_id.in_(ids)).group_by(Entry.signature_id)
    ).all()
    outbox.enqueue(
        session,
        (
            NewLetter(kind=letters.REMINDER, to=Recipient.entry(entry_id), due_at=at)
            for entry_id in newest
        ),
    )
    return len(ids)


def of_addresses(session: Session, campaign_id: int, erased: Mapping[bytes, datetime]) -> list[int]:
    """Signatures of these addresses that were there when each was erased, and are (again) there.

    Who signed anew since then is somebody else.
    """
    rows = session.execute(
        select(Signature.id, Signature.address_key, Signature.created_at).where(
            Signature.campaign_id == campaign_id, Signature.address_key.in_(erased)
        )
    )
    return [row.id for row in rows if row.created_at <= erased[bytes(row.address_key)]]


def campaign_ids(session: Session) -> dict[str, int]:
    """Every campaign's id by its name."""
    return {row.slug: row.id for row in session.execute(select(Campaign.slug, Campaign.id))}

"""Signatures: confirming them, moving them between states, and reading them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, and_, case, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from petition.domain import consent, signature as states
from petition.domain.signature import VISIBILITIES
from petition.store.db import Instant
from petition.store.tables import (
    Campaign,
    CampaignText,
    Consent,
    ConsentText,
    CountChange,
    Entry,
    Signature,
)

PAGE = 2000


@dataclass(frozen=True, kw_only=True)
class Found:
    """A signature as the link in a letter finds it."""

    signature_id: int
    campaign_id: int
    slug: str
    state: str
    mailbox_confirmed: bool
    language: str
    visibility: str
    updates: str
    text_id: int
    """The version of the call whose very questions this entry answered."""


def of_entry(session: Session, entry_id: int) -> Found | None:
    """The signature that an entry belongs to, with that entry's choices; None when it is gone."""
    row = session.execute(
        select(Signature, Entry, Campaign.slug, _text_of_entry())
        .join(Entry, Entry.signature_id == Signature.id)
        .join(Campaign, Campaign.id == Signature.campaign_id)
        .where(Entry.id == entry_id)
    ).first()
    if row is None:
        return None
    signature, entry, slug, text_id = row
    return Found(
        signature_id=signature.id,
        campaign_id=signature.campaign_id,
        slug=slug,
        state=signature.state,
        mailbox_confirmed=signature.confirmed_at is not None,
        language=entry.language,
        visibility=entry.visibility,
        updates=entry.updates,
        text_id=text_id,
    )


def _text_of_entry() -> ScalarSelect[Any]:
    """The newest words of the call that ask exactly what the entry's form asked."""
    asked = (
        (CampaignText.sign_text_id, consent.SIGN),
        (CampaignText.updates_text_id, consent.UPDATES),
        (CampaignText.visibility_text_id, consent.VISIBILITY),
    )
    return (
        select(func.max(CampaignText.id))
        .where(
            *(
                column
                == select(Consent.consent_text_id)
                .where(Consent.entry_id == Entry.id, Consent.purpose == purpose)
                .order_by(Consent.id)
                .limit(1)
                .correlate(Entry)
                .scalar_subquery()
                for column, purpose in asked
            )
        )
        .correlate(Entry)
        .scalar_subquery()
    )


def confirm(session: Session, entry_id: int, *, at: datetime) -> bytes | None:
    """The mailbox's owner confirms this entry; the address key if that changed anything.

    A held signature keeps its state and remembers that its mailbox confirmed. A withdrawn one
    comes back by a form that was sent in after the withdrawal, and to where it was. The one
    UPDATE decides: a second click, or another entry's link, may have got there first.
    """
    entry = select(Entry).where(Entry.id == entry_id).subquery()
    row = session.execute(
        update(Signature)
        .where(
            Signature.id == select(entry.c.signature_id).scalar_subquery(),
            or_(
                and_(
                    Signature.state.in_((states.PENDING, states.HELD)),
                    Signature.confirmed_at.is_(None),
                ),
                and_(
                    Signature.state == states.WITHDRAWN,
                    Signature.withdrawn_at < select(entry.c.created_at).scalar_subquery(),
                ),
            ),
        )
        .values(
            state=case(
                (Signature.state == states.HELD, states.HELD),
                # Who was held and withdrew cannot come back around the hold.
                (
                    and_(Signature.state == states.WITHDRAWN, Signature.state_reason.is_not(None)),
                    states.HELD,
                ),
                else_=states.CONFIRMED,
            ),
            confirmed_at=at,
            withdrawn_at=None,
            # Who unsubscribed, and asked for news again in a form since, gets them again.
            unsubscribed_at=case(
                (
                    exists().where(
                        entry.c.updates == "yes", entry.c.created_at > Signature.unsubscribed_at
                    ),
                    None,
                ),
                else_=Signature.unsubscribed_at,
            ),
            entry_id=entry_id,
        )
        .returning(Signature.id, Signature.state, Signature.address_key)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        return None
    if row.state == states.CONFIRMED:
        note_count_change(session, row.id, +1)
    return bytes(row.address_key)


def withdraw(session: Session, signature_id: int, *, at: datetime) -> bool:
    """Take a signature back; False when it is not one that can be (or is already).

    The row is locked: staff may be moving it at this moment.
    """
    row = session.get(Signature, signature_id, with_for_update=True, populate_existing=True)
    if row is None or row.state not in states.WITHDRAWABLE:
        return False
    if row.state == states.CONFIRMED:
        note_count_change(session, signature_id, -1)
    if row.state != states.HELD:
        row.state_reason = None
    row.state, row.withdrawn_at = states.WITHDRAWN, at
    session.flush()
    return True


def move(
    session: Session, signature_id: int, to: str, *, expected: str, reason: str | None
) -> bool:
    """Move a signature between states; False when it is not (or no longer) in `expected`.

    The totals follow when it enters or leaves the confirmed ones.
    """
    if to not in states.MOVES[expected]:
        return False
    row = session.execute(
        update(Signature)
        .where(Signature.id == signature_id, Signature.state == expected)
        .values(state=to, state_reason=reason)
        .returning(Signature.id)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        return False
    change = (to == states.CONFIRMED) - (expected == states.CONFIRMED)
    if change:
        note_count_change(session, signature_id, change)
    return True


def note_count_change(session: Session, signature_id: int, change: int) -> None:
    """Owe the totals one more or one less, under the day, country and language it counts for."""
    row = session.execute(
        select(Signature, Entry)
        .join(Entry, Entry.id == Signature.entry_id)
        .where(Signature.id == signature_id)
        .execution_options(populate_existing=True)
    ).one()
    signature, entry = row
    assert signature.confirmed_at is not None  # only what was confirmed ever counts
    session.execute(
        insert(CountChange).values(
            campaign_id=signature.campaign_id,
            day=signature.confirmed_at.date(),
            country=entry.country,
            language=entry.language,
            source=entry.source or "",
            change=change,
        )
    )


def get(session: Session, signature_id: int) -> Signature | None:
    return session.get(Signature, signature_id)


_CONFIRMED = (states.CONFIRMED,)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which signatures an export takes. `since` compares with the time of signing.

    Withdrawn ones are in no list, whatever `states` says.
    """

    states: tuple[str, ...] = _CONFIRMED
    visibilities: tuple[str, ...] = VISIBILITIES
    since: datetime | None = None

    def as_record(self) -> dict[str, object]:
        """The filters as the ledger keeps them."""
        return {
            "state": list(self.states),
            "visibility": list(self.visibilities),
            "since": self.since.isoformat() if self.since else None,
        }


def pages(session: Session, campaign_id: int, filters: Filters) -> Iterator[Sequence[Any]]:
    """Every signature that fits, with its entry and consents, in pages ordered by id."""
    sign = aliased(Consent)
    query = (
        select(
            Signature.id,
            Signature.state,
            Signature.created_at,
            Signature.confirmed_at,
            Entry.id,
            Entry.sealed,
            Entry.key_number,
            Entry.country,
            Entry.language,
            Entry.visibility,
            Entry.source,
            Entry.utm_source,
            Entry.utm_medium,
            Entry.utm_campaign,
            Entry.updates,
            func.coalesce(Entry.updates_at, Entry.created_at, type_=Instant),
            ConsentText.sha256,
        )
        .join(Entry, Entry.id == Signature.entry_id)
        .join(
            sign,
            and_(
                sign.entry_id == Entry.id,
                sign.purpose == literal(consent.SIGN),
                sign.answer == literal("yes"),  # not the row of a withdrawal
            ),
        )
        .join(ConsentText, ConsentText.id == sign.consent_text_id)
        .where(
            Signature.campaign_id == campaign_id,
            Signature.state.in_(set(filters.states) & set(states.IN_LISTS)),
            Entry.visibility.in_(filters.visibilities),
        )
        .order_by(Signature.id)
        .limit(PAGE)
    )
    if filters.since is not None:
        query = query.where(Signature.created_at >= filters.since)
    last = 0
    while page := session.execute(query.where(Signature.id > last)).all():
        yield page
        last = page[-1][0]

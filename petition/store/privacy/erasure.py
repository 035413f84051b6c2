"""Erasure: every row of a signature goes; what stays is a number for the recall lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from petition.domain.signatures import states
from petition.store.counts.changes import note_change
from petition.store.exports import contents
from petition.store.messages import messages
from petition.store.signatures.by_address import MAILBOX
from petition.store.tables import (
    Campaign,
    Entry,
    FormerKey,
    Letter,
    Mailbox,
    Signature,
)
from petition.store.webhooks import owed


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What the caller needs to forget elsewhere: in the journal, and in the mailbox folder."""

    slug: str
    address_key: bytes
    letter_ids: tuple[int, ...]


def erase(session: Session, signature_id: int, *, at: datetime) -> Erased | None:
    """Delete a signature with all that hangs on it; None when it is gone already.

    The count follows. Exports that hold it put its number on their recall lists.
    """
    row = session.get(Signature, signature_id, with_for_update=True, populate_existing=True)
    if row is None:
        return None
    if row.state == states.CONFIRMED:
        note_change(session, signature_id, -1)
    campaign_id, key = row.campaign_id, bytes(row.address_key)
    mailbox_key = bytes(row.mailbox_key) if row.mailbox_key is not None else key
    slug = session.get_one(Campaign, campaign_id).slug
    letters = _letters(session, [signature_id])
    contents.note_erased(session, campaign_id, [signature_id], at=at)
    owed.note_erased(session, [signature_id], at=at)
    session.expunge(row)
    _delete(session, [signature_id])
    _forget_addresses(session, [(key, mailbox_key)])
    return Erased(slug=slug, address_key=key, letter_ids=letters)


def _letters(session: Session, signature_ids: Sequence[int]) -> tuple[int, ...]:
    to_them = session.scalars(
        select(Letter.id)
        .join(Entry, Entry.id == Letter.entry_id)
        .where(Entry.signature_id.in_(signature_ids))
    )
    return (*to_them, *messages.letters_of(session, signature_ids))


def _delete(session: Session, signature_ids: Sequence[int]) -> None:
    """Entries, consents, messages, letters and reviews go with it, by the foreign keys."""
    session.execute(
        delete(Signature)
        .where(Signature.id.in_(signature_ids))
        .execution_options(synchronize_session=False)
    )


def _forget_addresses(session: Session, keys: Sequence[tuple[bytes, bytes]]) -> None:
    """The limits of a mailbox and an address's former keys, if no campaign needs them any more.

    Tries of codes stay until their day is over, as for every address: were they gone, who made
    them would see the limit lifted, and so that there was something to erase. Letters that were
    asked for are taken off their list within seconds, and the worker finds nobody to write to.
    """
    # Campaign by campaign: the index of signatures begins with the campaign.
    for table, addresses in (
        (Mailbox, {mailbox for _, mailbox in keys}),
        (FormerKey, {address for address, _ in keys}),
    ):
        there = (
            exists()
            .where(Signature.campaign_id == Campaign.id, Signature.address_key == table.address_key)
            .correlate(Campaign, table)
        )
        elsewhere = exists(select(Campaign.id).where(there).correlate(table))
        tagged = exists().where(Signature.mailbox_key == table.address_key).correlate(table)
        session.execute(
            delete(table)
            .where(table.address_key.in_(addresses), ~elsewhere, ~tagged)
            .execution_options(synchronize_session=False)
        )


def erase_batch(
    session: Session, campaign_id: int, *, at: datetime, most: int
) -> tuple[int, tuple[int, ...]]:
    """Up to `most` signatures of a campaign whose time is over: (how many, their letters).

    The totals stay as they are: they are the campaign's result, and name nobody.
    """
    rows = session.execute(
        select(Signature.id, Signature.address_key, MAILBOX.label("mailbox_key"))
        .where(Signature.campaign_id == campaign_id)
        .order_by(Signature.id)
        .limit(most)
        .with_for_update()
    ).all()
    ids = [row.id for row in rows]
    letters = _letters(session, ids)
    contents.note_erased(session, campaign_id, ids, at=at)
    owed.note_erased(session, ids, at=at)
    _delete(session, ids)
    _forget_addresses(session, [(bytes(row.address_key), bytes(row.mailbox_key)) for row in rows])
    return len(ids), letters

"""Sent letters: what a report about one of them is matched with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session

from petition.domain.letters.bounce import GONE_AGAIN
from petition.store.letters.mailbox_limits import make_sure
from petition.store.tables import Entry, Letter, Mailbox, Message, Reply, Signature

STOPPED_FOR = timedelta(days=180)
"""A mailbox that was given up is tried once more after so long: its name may be somebody's."""


@dataclass(frozen=True, kw_only=True)
class SentLetter:
    """One letter that left, and whom it was for."""

    finished_at: datetime
    message_id: int | None
    """Of a supporter's message to a target."""
    signature_id: int | None
    """Of a letter to a supporter."""
    mailbox_key: bytes | None
    """The same: what stands for its mailbox."""


def read(session: Session, letter_id: int) -> SentLetter | None:
    """The letter; None when it never left, or is gone."""
    to_entry = (
        select(Letter.id, Entry.signature_id)
        .join(Entry, Entry.id == Letter.entry_id)
        .where(Letter.id == letter_id)
    )
    for_reply = (
        select(Letter.id, Message.signature_id)
        .join(Reply, Reply.id == Letter.reply_id)
        .join(Message, Message.id == Reply.message_id)
        .where(Letter.id == letter_id)
    )
    whose = to_entry.union_all(for_reply).subquery()
    row = session.execute(
        select(
            Letter.finished_at,
            Letter.message_id,
            Signature.id,
            func.coalesce(Signature.mailbox_key, Signature.address_key),
        )
        .outerjoin(whose, whose.c.id == Letter.id)
        .outerjoin(Signature, Signature.id == whose.c.signature_id)
        .where(Letter.id == letter_id)
    ).first()
    if row is None:
        return None
    finished_at, message_id, signature_id, mailbox_key = row
    if finished_at is None:
        return None
    key: bytes | None = mailbox_key
    return SentLetter(
        finished_at=finished_at,
        message_id=message_id,
        signature_id=signature_id,
        mailbox_key=bytes(key) if key is not None else None,
    )


def mailbox_of(session: Session, letter_id: int) -> bytes | None:
    """What stands for the mailbox of a letter to a supporter, sent or not."""
    found = session.scalar(
        select(func.coalesce(Signature.mailbox_key, Signature.address_key))
        .select_from(Letter)
        .outerjoin(Entry, Entry.id == Letter.entry_id)
        .outerjoin(Reply, Reply.id == Letter.reply_id)
        .outerjoin(Message, Message.id == Reply.message_id)
        .join(Signature, Signature.id == func.coalesce(Entry.signature_id, Message.signature_id))
        .where(Letter.id == letter_id)
    )
    return bytes(found) if found is not None else None


def note_gone(session: Session, mailbox_key: bytes, *, at: datetime) -> None:
    """A server says that nobody has this mailbox: said twice, a day apart, it is given up.

    One UPDATE decides: two reports may be read at this moment.
    """
    make_sure(session, mailbox_key)
    again = Mailbox.gone_at <= at - GONE_AGAIN
    session.execute(
        update(Mailbox)
        .where(
            Mailbox.address_key == mailbox_key,
            or_(Mailbox.stopped_at.is_(None), Mailbox.stopped_at <= at - STOPPED_FOR),
        )
        .values(
            gone_at=func.coalesce(Mailbox.gone_at, at),
            stopped_at=case((again, at), else_=Mailbox.stopped_at),
        )
        .execution_options(synchronize_session=False)
    )


def is_stopped(session: Session, mailbox_key: bytes, *, at: datetime) -> bool:
    """Whether the mailbox was given up."""
    stopped_at = session.scalar(
        select(Mailbox.stopped_at).where(Mailbox.address_key == mailbox_key)
    )
    return stopped_at is not None and stopped_at > at - STOPPED_FOR

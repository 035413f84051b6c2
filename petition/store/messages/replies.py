"""Replies: what targets answered to messages, kept for who wrote them, and answers to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from petition.domain.letters import letter as letters
from petition.domain.messages import message
from petition.domain.messages.reply import ALIAS_LIFE
from petition.domain.signatures import states
from petition.store.db.upsert import upsert
from petition.store.tables import (
    Entry,
    Letter,
    Message,
    MessageAnswer,
    MessageTarget,
    Reply,
    Signature,
)

A_DAY: Final = timedelta(days=1)
_WENT: Final = (message.SENT, message.BOUNCED, message.PARKED)


@dataclass(frozen=True, kw_only=True)
class OpenAlias:
    """A message whose writer takes answers to it."""

    message_id: int
    signature_id: int
    address_key: bytes
    mailbox_key: bytes


@dataclass(frozen=True, kw_only=True)
class ReplyRecord:
    """A reply as its supporter may see it; its text is still sealed."""

    id: int
    message_id: int
    sealed: bytes | None
    key_number: int | None
    received_at: datetime
    is_answered: bool


@dataclass(frozen=True, kw_only=True)
class Answerable:
    """What an answer to a reply goes by: the message that it began with."""

    message_id: int
    reply_id: int
    target_id: int
    target: str
    wave: int
    text_id: int
    variant: int
    shown_as: str
    language: str


def open_alias(session: Session, letter_id: int, *, at: datetime) -> OpenAlias | None:
    """Whose the alias is that was made from this letter, held until the transaction ends.

    None where it is closed, over or erased, as where it was never made: one query in any case.
    """
    row = session.execute(
        select(
            Message.id,
            Message.signature_id,
            Signature.address_key,
            func.coalesce(Signature.mailbox_key, Signature.address_key),
        )
        .join(Letter, Letter.message_id == Message.id)
        .join(Signature, Signature.id == Message.signature_id)
        .where(
            Letter.id == letter_id,
            Message.state.in_(_WENT),
            Message.closed_at.is_(None),
            func.coalesce(Message.finished_at, Message.confirmed_at) > at - ALIAS_LIFE,
            Signature.state.in_((states.CONFIRMED, states.HELD, states.WRITER)),
        )
        .with_for_update(of=Message)
    ).first()
    if row is None:
        return None
    message_id, signature_id, address_key, mailbox_key = row
    return OpenAlias(
        message_id=message_id,
        signature_id=signature_id,
        address_key=bytes(address_key),
        mailbox_key=bytes(mailbox_key),
    )


def number_since(session: Session, message_id: int, since: datetime) -> int:
    """How many replies to a message came after that time."""
    query = (
        select(func.count())
        .select_from(Reply)
        .where(Reply.message_id == message_id, Reply.received_at > since)
    )
    return session.scalar(query) or 0


def is_first(session: Session, message_id: int) -> bool:
    """Whether nothing was answered to a message so far."""
    query = select(Reply.id).where(Reply.message_id == message_id).limit(1)
    return session.scalar(query) is None


def add(
    session: Session,
    reply_id: int,
    message_id: int,
    sealed: bytes,
    key_number: int,
    *,
    at: datetime,
) -> None:
    """Keep a reply."""
    session.execute(
        insert(Reply).values(
            id=reply_id,
            message_id=message_id,
            sealed=sealed,
            key_number=key_number,
            received_at=at,
        )
    )


def newest(session: Session, message_id: int) -> int | None:
    """The last reply to a message."""
    return session.scalar(select(func.max(Reply.id)).where(Reply.message_id == message_id))


def letters_about(session: Session, message_id: int) -> Sequence[int]:
    """The letters to its writer that told of replies to a message."""
    return session.scalars(
        select(Letter.id)
        .join(Reply, Reply.id == Letter.reply_id)
        .where(Reply.message_id == message_id)
    ).all()


def was_told_where(session: Session, signature_id: int, since: datetime) -> bool:
    """Whether its supporter was told since then where answers are written."""
    told = session.scalar(
        select(Letter.id)
        .join(Reply, Reply.id == Letter.reply_id)
        .join(Message, Message.id == Reply.message_id)
        .where(
            Message.signature_id == signature_id,
            Letter.kind == letters.ANSWER_HERE,
            func.coalesce(Letter.finished_at, Letter.due_at) > since,
        )
        .limit(1)
    )
    return told is not None


def of_signature(session: Session, signature_id: int) -> tuple[ReplyRecord, ...]:
    """All that targets answered to somebody."""
    rows = session.execute(
        select(Reply, MessageAnswer.message_id)
        .join(Message, Message.id == Reply.message_id)
        .outerjoin(MessageAnswer, MessageAnswer.reply_id == Reply.id)
        .where(Message.signature_id == signature_id)
        .order_by(Reply.id)
    )
    return tuple(
        ReplyRecord(
            id=row.id,
            message_id=row.message_id,
            sealed=bytes(row.sealed) if row.sealed is not None else None,
            key_number=row.key_number,
            received_at=row.received_at,
            is_answered=answer is not None,
        )
        for row, answer in rows
    )


def answerable(session: Session, signature_id: int, reply_id: int) -> Answerable | None:
    """The reply, if it is one to this supporter that may be answered and was not yet."""
    row = session.execute(
        select(Message, MessageTarget.name)
        .join(Reply, Reply.message_id == Message.id)
        .join(MessageTarget, MessageTarget.id == Message.target_id)
        .join(Signature, Signature.id == Message.signature_id)
        .outerjoin(MessageAnswer, MessageAnswer.reply_id == Reply.id)
        .where(
            Reply.id == reply_id,
            Message.signature_id == signature_id,
            MessageTarget.retired_at.is_(None),
            MessageAnswer.message_id.is_(None),
            Signature.state.in_((states.CONFIRMED, states.WRITER)),
        )
    ).first()
    if row is None:
        return None
    found, target = row
    return Answerable(
        message_id=found.id,
        reply_id=reply_id,
        target_id=found.target_id,
        target=target,
        wave=found.wave,
        text_id=found.text_id,
        variant=found.variant,
        shown_as=found.shown_as,
        language=found.language,
    )


def add_answer(
    session: Session,
    to: Answerable,
    signature_id: int,
    message_id: int,
    sealed: bytes,
    key_number: int,
    *,
    at: datetime,
) -> bool:
    """Queue an answer; False where that reply was answered just now: then undo it all."""
    session.execute(
        insert(Message).values(
            id=message_id,
            signature_id=signature_id,
            target_id=to.target_id,
            wave=to.wave,
            text_id=to.text_id,
            variant=to.variant,
            shown_as=to.shown_as,
            language=to.language,
            state=message.QUEUED,
            sealed=sealed,
            key_number=key_number,
            composed_at=at,
            confirmed_at=at,
            paced=False,
            is_answer=True,
        )
    )
    row = {"message_id": message_id, "reply_id": to.reply_id}
    return upsert(session, MessageAnswer, row) == 1


def close(session: Session, signature_id: int, message_id: int, *, at: datetime) -> bool:
    """Its writer wants no answers to a message any more; False where there is none to close."""
    closed = session.execute(
        update(Message)
        .where(
            Message.id == message_id,
            Message.signature_id == signature_id,
            Message.state.in_(_WENT),
            Message.closed_at.is_(None),
        )
        .values(closed_at=at)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return closed.first() is not None


def answers_to(session: Session, message_id: int) -> Sequence[int]:
    """The messages that answer replies to a message."""
    return session.scalars(
        select(MessageAnswer.message_id)
        .join(Reply, Reply.id == MessageAnswer.reply_id)
        .where(Reply.message_id == message_id)
    ).all()


def delete_texts(session: Session, *, before: datetime) -> int:
    """Delete the text of replies that came before then; that there was one stays. How many."""
    done = session.execute(
        update(Reply)
        .where(Reply.received_at < before, Reply.sealed.is_not(None))
        .values(sealed=None, key_number=None)
        .returning(Reply.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def old_texts(session: Session, *, before: datetime) -> int:
    """How many replies that came before then have their text still."""
    query = (
        select(func.count())
        .select_from(Reply)
        .where(Reply.received_at < before, Reply.sealed.is_not(None))
    )
    return session.scalar(query) or 0


@dataclass(frozen=True, kw_only=True)
class ReplyLetter:
    """A letter to a supporter about a reply, with what is needed to write it."""

    id: int
    kind: str
    reply_id: int
    alias_of: int
    """The letter of the message, which its alias is made from."""
    signature_id: int
    campaign_id: int
    target: str
    sealed: bytes | None
    key_number: int | None
    entry_id: int
    sealed_entry: bytes
    entry_key_number: int
    language: str
    mailbox_key: bytes
    block_keys: frozenset[bytes]


def letter(session: Session, letter_id: int) -> ReplyLetter | None:
    """A claimed letter as it stands now; None when it was erased since."""
    session.execute(
        select(Signature.id)
        .join(Message, Message.signature_id == Signature.id)
        .join(Reply, Reply.message_id == Message.id)
        .join(Letter, Letter.reply_id == Reply.id)
        .where(Letter.id == letter_id)
        .with_for_update(read=True, key_share=True, of=Signature)
    )
    row = session.execute(
        select(Letter, Reply, Signature, Entry, MessageTarget.name, Message.id)
        .join(Reply, Reply.id == Letter.reply_id)
        .join(Message, Message.id == Reply.message_id)
        .join(MessageTarget, MessageTarget.id == Message.target_id)
        .join(Signature, Signature.id == Message.signature_id)
        .join(Entry, Entry.id == Signature.entry_id)
        .where(Letter.id == letter_id)
    ).first()
    if row is None:
        return None
    found, reply, signature, entry, target, message_id = row
    alias_of = session.scalar(select(func.max(Letter.id)).where(Letter.message_id == message_id))
    return ReplyLetter(
        id=found.id,
        kind=found.kind,
        reply_id=reply.id,
        alias_of=alias_of or 0,
        signature_id=signature.id,
        campaign_id=signature.campaign_id,
        target=target,
        sealed=bytes(reply.sealed) if reply.sealed is not None else None,
        key_number=reply.key_number,
        entry_id=entry.id,
        sealed_entry=bytes(entry.sealed),
        entry_key_number=entry.key_number,
        language=entry.language,
        mailbox_key=bytes(signature.mailbox_key or signature.address_key),
        block_keys=frozenset(
            bytes(key) for key in (signature.mailbox_key, signature.address_key) if key
        ),
    )

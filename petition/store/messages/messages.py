"""Messages in the database: queued when their writer confirms, and read for who wrote them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from petition.domain.messages import message
from petition.domain.messages.steps import Step
from petition.store.messages import counts, deferrals
from petition.store.tables import (
    Letter,
    Message,
    MessageAlsoTo,
    MessageAnswer,
    MessageRefusal,
    MessageTarget,
    Reply,
    Signature,
)


@dataclass(frozen=True, kw_only=True)
class MessageRecord:
    """A message as its writer may see it; its text is still sealed."""

    id: int
    target: str
    """The target's name, or those of all to whom it goes in one email."""
    state: str
    shown_as: str
    language: str
    sealed: bytes | None
    """None once the text was deleted."""
    key_number: int | None
    composed_at: datetime
    confirmed_at: datetime | None
    finished_at: datetime | None
    bounced_at: datetime | None
    """When it came back, after it had been sent."""
    closed_at: datetime | None
    """Since when its writer wants no answers to it."""
    is_answer: bool
    """True of what answers a target's reply."""
    target_id: int
    also_to: tuple[int, ...]
    """The further targets, where it goes to several in one email."""
    wave: int
    wants_answer: bool
    asked_at: datetime | None
    """When its writer was asked whether an answer came."""
    outcome: str | None
    """What they said."""
    refused_by: tuple[str, ...]
    """Of several targets the names of those whose mail server did not take it."""
    waits_for: tuple[str, ...]
    """Of several the names of those for whom it is tried again: the others have it."""
    unknown_at: tuple[str, ...]
    """Of several the names of those of whom nobody knows whether they have it, as the others do."""


def of_signature(session: Session, signature_id: int) -> tuple[MessageRecord, ...]:
    """All that somebody wrote, or that was written with their address."""
    return _records(session, Message.signature_id == signature_id)


def of_entry(session: Session, entry_id: int) -> tuple[MessageRecord, ...]:
    """What came with a form, and waits."""
    return _records(session, Message.entry_id == entry_id)


def _records(session: Session, where: ColumnElement[bool]) -> tuple[MessageRecord, ...]:
    rows = session.execute(
        select(Message, MessageTarget.name)
        .join(MessageTarget, MessageTarget.id == Message.target_id)
        .where(where)
        .order_by(Message.id)
    ).all()
    also = _also_to(session, [row.id for row, _ in rows])
    refused = _refused_by(session, list(also))
    deferred = deferrals.names(session, list(also))
    return tuple(
        MessageRecord(
            id=row.id,
            target=", ".join((name, *(other for _, other in also.get(row.id, ())))),
            state=row.state,
            shown_as=row.shown_as,
            language=row.language,
            sealed=row.sealed,
            key_number=row.key_number,
            composed_at=row.composed_at,
            confirmed_at=row.confirmed_at,
            finished_at=row.finished_at,
            bounced_at=row.bounced_at,
            closed_at=row.closed_at,
            is_answer=row.is_answer,
            target_id=row.target_id,
            also_to=tuple(number for number, _ in also.get(row.id, ())),
            wave=row.wave,
            wants_answer=row.wants_answer,
            asked_at=row.asked_at,
            outcome=row.outcome,
            refused_by=tuple(refused.get(row.id, ())),
            waits_for=tuple(deferred.get(row.id, {}).get(message.QUEUED, ())),
            unknown_at=tuple(deferred.get(row.id, {}).get(message.PARKED, ())),
        )
        for row, name in rows
    )


def _refused_by(session: Session, message_ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    if not message_ids:
        return found
    for message_id, name in session.execute(
        select(MessageRefusal.message_id, MessageTarget.name)
        .join(MessageTarget, MessageTarget.id == MessageRefusal.target_id)
        .where(MessageRefusal.message_id.in_(message_ids))
        .order_by(MessageTarget.id)
    ):
        found.setdefault(message_id, []).append(name)
    return found


def _also_to(session: Session, message_ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """Number and name of the further targets, by message."""
    found: dict[int, list[tuple[int, str]]] = {}
    if message_ids:
        rows = session.execute(
            select(MessageAlsoTo.message_id, MessageTarget.id, MessageTarget.name)
            .join(MessageTarget, MessageTarget.id == MessageAlsoTo.target_id)
            .where(MessageAlsoTo.message_id.in_(message_ids))
            .order_by(MessageTarget.id)
        )
        for message_id, target_id, name in rows:
            found.setdefault(message_id, []).append((target_id, name))
    return found


def confirm_of_entry(session: Session, entry_id: int, *, at: datetime) -> list[int]:
    """Queue what came with a form; the messages that are to go."""
    return _confirm(session, Message.entry_id == entry_id, at)


def confirm_one(session: Session, signature_id: int, message_id: int, *, at: datetime) -> list[int]:
    """Queue one message of a signature."""
    mine = (Message.id == message_id) & (Message.signature_id == signature_id)
    return _confirm(session, mine, at)


def _confirm(session: Session, which: ColumnElement[bool], at: datetime) -> list[int]:
    """Those that may go are queued. Of a supporter one message goes to a target in a wave.

    Only a confirmed mailbox writes: a signature that is held back keeps its messages waiting. The
    signature's row is held, so that two forms of one supporter are taken one after the other.
    """
    signature_id = session.scalar(
        select(Message.signature_id).where(which, Message.state == message.WAITING).limit(1)
    )
    if signature_id is None:
        return []
    writer = session.execute(
        select(Signature.state, Signature.confirmed_at)
        .where(Signature.id == signature_id)
        .with_for_update()
    ).one()
    if writer.confirmed_at is None:
        return []
    taken = _places_taken(session, signature_id)
    waiting = session.execute(
        select(Message.id, Message.target_id, Message.wave, Message.apart)
        .where(which, Message.state == message.WAITING)
        .order_by(Message.id)
    ).all()
    also = _also_to(session, [row.id for row in waiting])
    retired = _retired(session, [row.target_id for row in waiting], also)
    queued = []
    for row in waiting:
        if not message.may_go(writer.state, apart=row.apart):
            continue
        further = [target_id for target_id, _ in also.get(row.id, ())]
        places = {(target_id, row.wave) for target_id in (row.target_id, *further)}
        goes = places.isdisjoint(taken) and not retired.issuperset((row.target_id, *further))
        values: dict[str, object] = {"entry_id": None, "confirmed_at": at}
        values["state"] = message.QUEUED if goes else message.CANCELLED
        if goes:
            taken |= places
            queued.append(row.id)
        else:
            values["finished_at"] = at
        session.execute(
            update(Message)
            .where(Message.id == row.id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    counts.note(session, queued, Step.CONFIRMED, at=at)
    return queued


def _retired(
    session: Session, first: Sequence[int], also: Mapping[int, Sequence[tuple[int, str]]]
) -> set[int]:
    """Which of these targets, and of the further ones, are none any more."""
    further = [target_id for each in also.values() for target_id, _ in each]
    query = select(MessageTarget.id).where(
        MessageTarget.id.in_([*first, *further]), MessageTarget.retired_at.is_not(None)
    )
    return set(session.scalars(query))


def _places_taken(session: Session, signature_id: int) -> set[tuple[int, int]]:
    """Targets and waves that a supporter's message goes to, or went."""
    confirmed = (
        Message.signature_id == signature_id,
        Message.state.not_in((message.WAITING, message.CANCELLED)),
        ~Message.is_answer,
    )
    own = select(Message.target_id, Message.wave).where(*confirmed)
    also = (
        select(MessageAlsoTo.target_id, Message.wave)
        .join(Message, Message.id == MessageAlsoTo.message_id)
        .where(*confirmed)
    )
    return {(row[0], row[1]) for query in (own, also) for row in session.execute(query)}


def delete_one(session: Session, signature_id: int, message_id: int) -> tuple[int, ...] | None:
    """A message of a signature goes, whatever became of it, with what was answered to it and what
    answers that: its letters, or None if it is none.
    """
    those = [message_id, *_answers_to(session, message_id)]
    letters = _letters_of(session, Message.id.in_(those))
    gone = session.execute(
        delete(Message)
        .where(Message.id.in_(those), Message.signature_id == signature_id)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    return letters if gone else None


def _answers_to(session: Session, message_id: int) -> Sequence[int]:
    """The messages that answer replies to a message, and those that answer replies to them."""
    found: list[int] = []
    newest = [message_id]
    while newest:
        newest = list(
            session.scalars(
                select(MessageAnswer.message_id)
                .join(Reply, Reply.id == MessageAnswer.reply_id)
                .where(Reply.message_id.in_(newest))
            )
        )
        found += newest
    return found


def delete_of_entry(session: Session, entry_id: int) -> None:
    """What came with a form goes, and the form stays."""
    session.execute(
        delete(Message)
        .where(Message.entry_id == entry_id)
        .execution_options(synchronize_session=False)
    )


def letters_of(session: Session, signature_ids: Sequence[int]) -> tuple[int, ...]:
    """The letters that carry these signatures' messages, and what was answered to them."""
    return _letters_of(session, Message.signature_id.in_(signature_ids))


def _letters_of(session: Session, which: ColumnElement[bool]) -> tuple[int, ...]:
    carrying = select(Letter.id).join(Message, Message.id == Letter.message_id).where(which)
    telling = (
        select(Letter.id)
        .join(Reply, Reply.id == Letter.reply_id)
        .join(Message, Message.id == Reply.message_id)
        .where(which)
    )
    return (*session.scalars(carrying), *session.scalars(telling))


def follow(session: Session, gone: int, stays: int) -> None:
    """Two signatures become one: the messages of the one that goes are the other's.

    Where both wrote to one target in one wave, that of the one that goes is deleted with it.
    """
    taken = select(Message.target_id, Message.wave).where(
        Message.signature_id == stays,
        Message.state.not_in((message.WAITING, message.CANCELLED)),
        ~Message.is_answer,
    )
    places = {(row.target_id, row.wave) for row in session.execute(taken)}
    for row in session.execute(
        select(Message.id, Message.target_id, Message.wave, Message.state, Message.is_answer).where(
            Message.signature_id == gone
        )
    ).all():
        holds = not row.is_answer and row.state not in (message.WAITING, message.CANCELLED)
        if holds and (row.target_id, row.wave) in places:
            continue
        session.execute(
            update(Message)
            .where(Message.id == row.id)
            .values(signature_id=stays)
            .execution_options(synchronize_session=False)
        )


def old_texts(session: Session, *, before: datetime) -> int:
    """How many messages that ended before then have their text still."""
    return session.scalar(select(func.count()).select_from(Message).where(*_old(before))) or 0


def delete_texts(session: Session, *, before: datetime) -> int:
    """Delete the text of messages that ended before then; the fact stays. How many."""
    done = session.execute(
        update(Message)
        .where(*_old(before))
        .values(sealed=None, key_number=None)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def _old(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Message.state.in_(message.ENDED),
        Message.finished_at < before,
        Message.sealed.is_not(None),
    )

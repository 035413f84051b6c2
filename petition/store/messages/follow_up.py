"""Follow-up in the database: who is asked whether an answer came, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from petition.domain.messages import message
from petition.domain.signatures import states
from petition.store.tables import Message, Reply, Signature


def ask(
    session: Session, *, sent_before: datetime, at: datetime, most: int
) -> tuple[int, list[int]]:
    """Mark some who are due: how many messages that were, and the entries of who is to be asked.

    Once in a wave, for all that they sent.
    Who wants no more emails, or counts no more, is passed over for good.
    """
    due = session.execute(
        select(Message.signature_id, Message.wave)
        .where(
            Message.state == message.SENT,
            Message.asked_at.is_(None),
            Message.finished_at < sent_before,
        )
        .order_by(Message.finished_at)
        .limit(most)
    ).all()
    entry_ids = set()
    for signature_id, wave in sorted({(row.signature_id, row.wave) for row in due}):
        session.execute(
            update(Message)
            .where(
                Message.signature_id == signature_id,
                Message.wave == wave,
                Message.asked_at.is_(None),
            )
            .values(asked_at=at)
            .execution_options(synchronize_session=False)
        )
        entry_id = session.scalar(
            select(Signature.entry_id).where(
                Signature.id == signature_id,
                Signature.state.in_((states.CONFIRMED, states.WRITER)),
                Signature.unsubscribed_at.is_(None),
                exists().where(
                    Message.signature_id == signature_id,
                    Message.wave == wave,
                    Message.state == message.SENT,
                    Message.outcome.is_(None),
                    ~Message.is_answer,
                ),
                # Whoever had a reply that we passed on knows it.
                ~exists().where(
                    Reply.message_id == Message.id,
                    Message.signature_id == signature_id,
                    Message.wave == wave,
                ),
            )
        )
        if entry_id is not None and wave > 0:  # nobody is asked about a chase-up
            entry_ids.add(entry_id)
    return len(due), sorted(entry_ids)


def set_outcome(session: Session, signature_id: int, message_id: int, outcome: str) -> bool:
    """What came back, as its writer says; False where it is no message that they sent."""
    changed = session.execute(
        update(Message)
        .where(
            Message.id == message_id,
            Message.signature_id == signature_id,
            Message.state == message.SENT,
        )
        .values(outcome=outcome)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def set_wants_answer(session: Session, signature_id: int, *, wants: bool) -> None:
    """Whether they are told if one of their targets answers."""
    session.execute(
        update(Message)
        .where(Message.signature_id == signature_id)
        .values(wants_answer=wants)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True, kw_only=True)
class NewChaseUp:
    """A second message of a supporter to a target, after the first had no answer; sealed."""

    id: int
    sealed: bytes
    key_number: int


def add_chase_up(
    session: Session, signature_id: int, first_id: int, new: NewChaseUp, *, at: datetime
) -> bool:
    """Queue it; False where there was one before, or its writer counts no more.

    Its wave is that of the first, negative: so the unique key lets one through and no more. The
    signature's row is held, as when a first message is confirmed.
    """
    state = session.scalar(
        select(Signature.state).where(Signature.id == signature_id).with_for_update()
    )
    first = session.scalars(
        select(Message).where(Message.id == first_id, Message.signature_id == signature_id)
    ).one_or_none()
    if first is None or has_chase_up(session, first_id):
        return False
    if not message.may_go(state or "", apart=first.apart):
        return False
    session.execute(
        insert(Message).values(
            id=new.id,
            signature_id=signature_id,
            entry_id=None,
            target_id=first.target_id,
            wave=-first.wave,
            text_id=first.text_id,
            variant=first.variant,
            shown_as=first.shown_as,
            language=first.language,
            state=message.QUEUED,
            sealed=new.sealed,
            key_number=new.key_number,
            composed_at=at,
            confirmed_at=at,
            paced=False,
            wants_answer=first.wants_answer,
            apart=first.apart,
        )
    )
    return True


def has_chase_up(session: Session, first_id: int) -> bool:
    """True where one was written to that target in that wave."""
    first = session.get(Message, first_id)
    return first is not None and bool(
        session.scalar(
            select(
                exists().where(
                    Message.signature_id == first.signature_id,
                    Message.target_id == first.target_id,
                    Message.wave == -first.wave,
                    Message.state != message.CANCELLED,
                )
            )
        )
    )

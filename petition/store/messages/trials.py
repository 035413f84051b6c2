"""Trials: a message that somebody of staff sends to themselves, owed like any letter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from petition.domain.letters import letter
from petition.domain.letters.recipient import Recipient
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.tables import MessageTarget, MessageTrial


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What such a letter says."""

    target: str
    """The target's name."""
    text_id: int
    variant: int


def add(
    session: Session,
    *,
    staff_id: int,
    target_id: int,
    text_id: int,
    variant: int,
    at: datetime,
) -> None:
    """Owe one."""
    to = Recipient.staff(staff_id)
    letter_id = outbox.enqueue_one(session, NewLetter(kind=letter.MESSAGE_TRIAL, to=to, due_at=at))
    session.execute(
        insert(MessageTrial).values(
            letter_id=letter_id, target_id=target_id, text_id=text_id, variant=variant
        )
    )


def read(session: Session, letter_id: int) -> Trial | None:
    """What the letter says."""
    row = session.execute(
        select(MessageTrial, MessageTarget.name)
        .join(MessageTarget, MessageTarget.id == MessageTrial.target_id)
        .where(MessageTrial.letter_id == letter_id)
    ).first()
    if row is None:
        return None
    found, name = row
    return Trial(target=name, text_id=found.text_id, variant=found.variant)

"""Leaving: messages that are queued for a target that is written to no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from petition.domain.letters import letter
from petition.domain.messages import message
from petition.store.tables import Letter, Message, MessageAlsoTo, MessageTarget, Signature


@dataclass(frozen=True, kw_only=True)
class LeftMessage:
    """A message whose target is none any more."""

    id: int
    entry_id: int
    """The form of its writer that counts: to whom a letter goes."""
    target_id: int
    moves_to: int | None
    """The target that takes its place, where this writer has not written to it in the wave."""


def queued(session: Session, *, most: int, message_id: int | None = None) -> list[LeftMessage]:
    """Some of them, or this one."""
    replacement, other = aliased(MessageTarget), aliased(Message)
    has_written = exists().where(
        other.signature_id == Message.signature_id,
        other.target_id == replacement.id,
        other.wave == Message.wave,
        other.state.not_in((message.WAITING, message.CANCELLED)),
    )
    found = (
        select(
            Message.id,
            Signature.entry_id,
            Message.target_id,
            replacement.id.label("moves_to"),
            has_written.label("has_written"),
        )
        .join(MessageTarget, MessageTarget.id == Message.target_id)
        .join(Signature, Signature.id == Message.signature_id)
        .outerjoin(
            replacement,
            (replacement.campaign_id == MessageTarget.campaign_id)
            & (replacement.key == MessageTarget.replaced_by)
            & replacement.retired_at.is_(None),
        )
        .where(
            Message.state == message.QUEUED,
            MessageTarget.retired_at.is_not(None),
            # One email to several goes to the others.
            ~exists().where(MessageAlsoTo.message_id == Message.id),
        )
        .order_by(Message.id)
        .limit(most)
    )
    if message_id is not None:
        found = found.where(Message.id == message_id)
    return [
        LeftMessage(
            id=row.id,
            entry_id=row.entry_id,
            target_id=row.target_id,
            moves_to=None if row.has_written else row.moves_to,
        )
        for row in session.execute(found)
    ]


def cancel(session: Session, left: LeftMessage, *, at: datetime) -> bool:
    """It does not go; False where it is being handed over, or went."""
    return _change(session, left, state=message.CANCELLED, finished_at=at)


def move(session: Session, left: LeftMessage, to: int) -> bool:
    """It goes to another target, in that one's hours."""
    return _change(session, left, target_id=to, paced=False)


def _change(session: Session, left: LeftMessage, **values: object) -> bool:
    changed = session.execute(
        update(Message)
        .where(
            Message.id == left.id,
            Message.state == message.QUEUED,
            Message.target_id == left.target_id,
        )
        .values(**values)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def move_waiting(session: Session, target_id: int, to: int) -> None:
    """What nobody confirmed yet is for the other one, too: its writer sees so before they do."""
    session.execute(
        update(Message)
        .where(Message.target_id == target_id, Message.state == message.WAITING)
        .values(target_id=to)
        .execution_options(synchronize_session=False)
    )


def owed_already(session: Session, entry_ids: Sequence[int], kind: str) -> set[int]:
    """To which of these such a letter is owed already: one tells of all."""
    return {
        entry_id
        for entry_id in session.scalars(
            select(Letter.entry_id).where(
                Letter.entry_id.in_(entry_ids), Letter.kind == kind, Letter.state == letter.OWED
            )
        )
        if entry_id is not None
    }

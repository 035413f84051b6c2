"""Deferrals: of one email to several targets, whose server said "not now" while others took it.

Each is tried again alone, with the same bytes; the message itself is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from petition.domain.messages import message
from petition.store.tables import Message, MessageDeferral, MessageTarget


@dataclass(frozen=True, kw_only=True)
class Again:
    """For whom a message that others have is to be tried again, and as what."""

    target_ids: tuple[int, ...]
    written_at: datetime
    recipients: tuple[str, ...]
    """All that its head names, in the same order at each try."""


def waiting(session: Session, message_id: int) -> Again | None:
    """Whoever waits for a message now; None where nobody does."""
    rows = session.scalars(
        select(MessageDeferral)
        .where(
            MessageDeferral.message_id == message_id,
            ~MessageDeferral.begun,
            MessageDeferral.parked_at.is_(None),
        )
        .order_by(MessageDeferral.target_id)
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        return None
    return Again(
        target_ids=tuple(row.target_id for row in rows),
        written_at=rows[0].written_at,
        recipients=tuple(rows[0].recipients.split()),
    )


def begin(session: Session, message_id: int, target_ids: Collection[int]) -> None:
    """It is being handed over to these: not again before it is known what became of it."""
    session.execute(
        update(MessageDeferral)
        .where(*_those(message_id, target_ids))
        .values(begun=True)
        .execution_options(synchronize_session=False)
    )


def wait(
    session: Session,
    message_id: int,
    target_ids: Sequence[int],
    *,
    written_at: datetime,
    recipients: Sequence[str],
) -> None:
    """These are to be tried again, with these very bytes."""
    end(session, message_id, target_ids)
    session.execute(
        insert(MessageDeferral),
        [
            {
                "message_id": message_id,
                "target_id": target_id,
                "written_at": written_at,
                "recipients": " ".join(recipients),
                "begun": False,
            }
            for target_id in target_ids
        ],
    )


def park(session: Session, message_id: int, *, at: datetime) -> bool:
    """Nobody knows what became of the try that was begun; False where none was."""
    parked = session.execute(
        update(MessageDeferral)
        .where(MessageDeferral.message_id == message_id, MessageDeferral.begun)
        .values(begun=False, parked_at=at)
        .returning(MessageDeferral.target_id)
        .execution_options(synchronize_session=False)
    )
    return bool(parked.all())


def wait_again(session: Session, message_id: int) -> None:
    """Nothing was handed over by the try that was begun."""
    session.execute(
        update(MessageDeferral)
        .where(MessageDeferral.message_id == message_id, MessageDeferral.begun)
        .values(begun=False)
        .execution_options(synchronize_session=False)
    )


def end(session: Session, message_id: int, target_ids: Collection[int]) -> None:
    """It is known what became of it for these."""
    session.execute(
        delete(MessageDeferral)
        .where(*_those(message_id, target_ids))
        .execution_options(synchronize_session=False)
    )


def end_all(session: Session, message_id: int) -> None:
    """All that waited, or was parked, is over."""
    session.execute(
        delete(MessageDeferral)
        .where(MessageDeferral.message_id == message_id)
        .execution_options(synchronize_session=False)
    )


def take_parked(session: Session, target_id: int, *, until: datetime, again: bool) -> list[int]:
    """What was parked for a target until then waits again, or is over; which messages.

    Not those whose text is deleted, where they are to go again.
    """
    with_text = select(Message.id).where(Message.sealed.is_not(None))
    those = [MessageDeferral.target_id == target_id, MessageDeferral.parked_at <= until]
    if not again:
        gone = delete(MessageDeferral).where(*those).returning(MessageDeferral.message_id)
        return sorted(session.scalars(gone, execution_options={"synchronize_session": False}))
    waits = (
        update(MessageDeferral)
        .where(*those, MessageDeferral.message_id.in_(with_text))
        .values(parked_at=None)
        .returning(MessageDeferral.message_id)
    )
    return sorted(session.scalars(waits, execution_options={"synchronize_session": False}))


def by_target(session: Session, campaign_id: int) -> dict[int, dict[str, int]]:
    """How many messages that others have wait for each target, or are parked there."""
    rows = session.execute(
        select(MessageDeferral.target_id, _state(), func.count())
        .join(Message, Message.id == MessageDeferral.message_id)
        .join(MessageTarget, MessageTarget.id == MessageDeferral.target_id)
        .where(MessageTarget.campaign_id == campaign_id, Message.state == message.SENT)
        .group_by(MessageDeferral.target_id, "as_state")
    )
    found: dict[int, dict[str, int]] = {}
    for target_id, state, number in rows:
        found.setdefault(target_id, {})[state] = number
    return found


def queued(session: Session) -> dict[int, int]:
    """How many wait for each target, of whatever campaign."""
    rows = session.execute(
        select(MessageDeferral.target_id, func.count())
        .where(MessageDeferral.parked_at.is_(None))
        .group_by(MessageDeferral.target_id)
    )
    return {row[0]: row[1] for row in rows}


def names(session: Session, message_ids: Sequence[int]) -> dict[int, dict[str, list[str]]]:
    """By message and state, what the targets are called that it waits for, or is parked at."""
    found: dict[int, dict[str, list[str]]] = {}
    if not message_ids:
        return found
    for message_id, state, name in session.execute(
        select(MessageDeferral.message_id, _state(), MessageTarget.name)
        .join(MessageTarget, MessageTarget.id == MessageDeferral.target_id)
        .where(MessageDeferral.message_id.in_(message_ids))
        .order_by(MessageTarget.id)
    ):
        found.setdefault(message_id, {}).setdefault(state, []).append(name)
    return found


def _state() -> ColumnElement[str]:
    """What is being handed over just now is queued still."""
    is_parked = MessageDeferral.parked_at.is_not(None)
    return case((is_parked, message.PARKED), else_=message.QUEUED).label("as_state")


def _those(message_id: int, target_ids: Collection[int]) -> tuple[ColumnElement[bool], ...]:
    return (MessageDeferral.message_id == message_id, MessageDeferral.target_id.in_(target_ids))

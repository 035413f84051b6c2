"""Refusals: of one email to several targets, whose mail server did not take it or sent it back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from petition.domain.messages import message
from petition.domain.messages.steps import Step
from petition.store.db.upsert import upsert
from petition.store.messages import counts
from petition.store.tables import Message, MessageAlsoTo, MessageRefusal, MessageTarget


def note(session: Session, message_id: int, target_ids: Sequence[int], *, at: datetime) -> int:
    """These did not take a message that went to others; for how many that is new."""
    new = 0
    for target_id in target_ids:
        row = {"message_id": message_id, "target_id": target_id, "refused_at": at}
        if upsert(session, MessageRefusal, row):
            counts.note_of_target(session, target_id, Step.BOUNCED, at=at)
            new += 1
    return new


def named(session: Session, message_id: int, addresses: Collection[str]) -> list[int]:
    """Those of a message's targets that have one of these addresses."""
    known = {each.casefold() for each in addresses}
    return [
        target_id for target_id, email in _targets(session, message_id) if email.casefold() in known
    ]


def are_all(session: Session, message_id: int, target_ids: Sequence[int]) -> bool:
    """Whether nobody has a message: not these, and not the ones that were noted before."""
    before = session.scalars(
        select(MessageRefusal.target_id).where(MessageRefusal.message_id == message_id)
    )
    everybody = {target_id for target_id, _ in _targets(session, message_id)}
    return everybody <= {*before, *target_ids}


def _targets(session: Session, message_id: int) -> list[tuple[int, str]]:
    first = (
        select(MessageTarget.id, MessageTarget.email)
        .join(Message, Message.target_id == MessageTarget.id)
        .where(Message.id == message_id)
    )
    further = (
        select(MessageTarget.id, MessageTarget.email)
        .join(MessageAlsoTo, MessageAlsoTo.target_id == MessageTarget.id)
        .where(MessageAlsoTo.message_id == message_id)
    )
    return [(row[0], row[1]) for query in (first, further) for row in session.execute(query)]


def by_target(session: Session, campaign_id: int) -> dict[int, int]:
    """How many messages that others took each target did not."""
    rows = session.execute(
        select(MessageRefusal.target_id, func.count())
        .join(Message, Message.id == MessageRefusal.message_id)
        .join(MessageTarget, MessageTarget.id == MessageRefusal.target_id)
        .where(MessageTarget.campaign_id == campaign_id, Message.state == message.SENT)
        .group_by(MessageRefusal.target_id)
    )
    return {row[0]: int(row[1]) for row in rows}

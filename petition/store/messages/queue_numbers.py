"""Queue numbers: how many messages to each target are in which state, and what went today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from petition.domain.messages import message
from petition.store.messages import refusals
from petition.store.tables import Message, MessageAlsoTo, MessageHour, MessageTarget

Numbers = Mapping[str, int]
"""State to messages."""


def by_target(session: Session, campaign_id: int) -> dict[int, Numbers]:
    """By target, counted now; one email to several at each of them.

    What is being handed over just now is queued still. What one of several did not take is bounced.
    """
    handed_over = (Message.state == message.PARKED) & Message.finished_at.is_(None)
    state = case((handed_over, message.QUEUED), else_=Message.state).label("as_state")
    first = (
        select(Message.target_id, state, func.count())
        .join(MessageTarget, MessageTarget.id == Message.target_id)
        .where(MessageTarget.campaign_id == campaign_id)
        .group_by(Message.target_id, "as_state")
    )
    further = (
        select(MessageAlsoTo.target_id, state, func.count())
        .join(Message, Message.id == MessageAlsoTo.message_id)
        .join(MessageTarget, MessageTarget.id == MessageAlsoTo.target_id)
        .where(MessageTarget.campaign_id == campaign_id)
        .group_by(MessageAlsoTo.target_id, "as_state")
    )
    found: dict[int, Counter[str]] = {}
    for query in (first, further):
        for target_id, name, number in session.execute(query):
            found.setdefault(target_id, Counter())[name] += number
    for target_id, number in refusals.by_target(session, campaign_id).items():
        found[target_id].update({message.SENT: -number, message.BOUNCED: number})
    return dict(found)


def today(session: Session, campaign_id: int, *, at: datetime) -> dict[int, int]:
    """How many went to each target on this day of UTC, as its cap counts them."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = session.execute(
        select(MessageHour.target_id, func.sum(MessageHour.messages))
        .join(MessageTarget, MessageTarget.id == MessageHour.target_id)
        .where(MessageTarget.campaign_id == campaign_id, MessageHour.hour >= midnight)
        .group_by(MessageHour.target_id)
    )
    return {target_id: int(number) for target_id, number in rows}


def outcomes(session: Session, campaign_id: int) -> dict[int, Numbers]:
    """What supporters say came back, by target."""
    rows = session.execute(
        select(Message.target_id, Message.outcome, func.count())
        .join(MessageTarget, MessageTarget.id == Message.target_id)
        .where(MessageTarget.campaign_id == campaign_id, Message.outcome.is_not(None))
        .group_by(Message.target_id, Message.outcome)
    )
    found: dict[int, dict[str, int]] = {}
    for target_id, outcome, number in rows:
        found.setdefault(target_id, {})[str(outcome)] = number
    return dict(found)


def take_parked(
    session: Session, target_id: int, state: str, *, until: datetime, at: datetime
) -> list[int]:
    """Move those that were parked until then into this state; which they were.

    One email to several is so for all of them. Not those whose text is deleted, where they are to
    go again.
    """
    further = select(MessageAlsoTo.message_id).where(MessageAlsoTo.target_id == target_id)
    ends = at if state in message.ENDED else None
    moved = session.execute(
        update(Message)
        .where(
            (Message.target_id == target_id) | Message.id.in_(further),
            Message.state == message.PARKED,
            Message.finished_at <= until,
            *(() if state in message.ENDED else (Message.sealed.is_not(None),)),
        )
        .values(state=state, finished_at=ends)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(moved.scalars())

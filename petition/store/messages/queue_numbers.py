"""Queue numbers: how many messages to each target are in which state, and what went today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from petition.domain.messages import message
from petition.domain.messages.digest import DigestState
from petition.store.messages import deferrals, refusals
from petition.store.tables import (
    Message,
    MessageAlsoTo,
    MessageDigest,
    MessageHour,
    MessageTarget,
    ProviderHour,
)

Numbers = Mapping[str, int]
"""State to messages."""


def by_target(session: Session, campaign_id: int) -> dict[int, Numbers]:
    """By target, counted now; one email to several at each of them.

    What is being handed over just now is queued still. What one of several did not take is bounced,
    and what it is to be tried with again waits there.
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
    for target_id, numbers in deferrals.by_target(session, campaign_id).items():
        found[target_id].update({message.SENT: -sum(numbers.values()), **numbers})
    return dict(found)


def queued(session: Session) -> dict[int, int]:
    """How many wait for each target, of whatever campaign: some share a mail provider."""
    first = (
        select(Message.target_id, func.count())
        .where(Message.state == message.QUEUED)
        .group_by(Message.target_id)
    )
    further = (
        select(MessageAlsoTo.target_id, func.count())
        .join(Message, Message.id == MessageAlsoTo.message_id)
        .where(Message.state == message.QUEUED)
        .group_by(MessageAlsoTo.target_id)
    )
    found: Counter[int] = Counter()
    for query in (first, further):
        for target_id, number in session.execute(query):
            found[target_id] += number
    found.update(deferrals.queued(session))
    return dict(found)


def sent_since(session: Session, hour: datetime) -> dict[int, int]:
    """How many went to each target since that hour began, as its caps count them."""
    rows = session.execute(
        select(MessageHour.target_id, func.sum(MessageHour.messages))
        .where(MessageHour.hour >= hour)
        .group_by(MessageHour.target_id)
    )
    return {target_id: int(number) for target_id, number in rows}


def sent_to_providers(session: Session, hour: datetime) -> dict[str, int]:
    """The same for mail providers."""
    rows = session.execute(
        select(ProviderHour.provider, func.sum(ProviderHour.messages))
        .where(ProviderHour.hour >= hour)
        .group_by(ProviderHour.provider)
    )
    return {provider: int(number) for provider, number in rows}


def last_digests(session: Session) -> dict[int, datetime]:
    """When each target was sent its last digest, or may have been."""
    rows = session.execute(
        select(MessageDigest.target_id, func.max(MessageDigest.made_at))
        .where(MessageDigest.state != DigestState.QUEUED)
        .group_by(MessageDigest.target_id)
    )
    return {row[0]: row[1] for row in rows}


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

"""Digests in the database: what waits for a target, and what became of each that was made."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, insert, or_, select, update
from sqlalchemy.orm import Session

from petition.domain.messages import message
from petition.domain.messages.digest import DigestState, TargetMode
from petition.domain.messages.steps import Step
from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.messages import counts, leaving
from petition.store.tables import (
    Campaign,
    Message,
    MessageAlsoTo,
    MessageDigest,
    MessageTarget,
    Signature,
)

LOST: Final = timedelta(minutes=20)
"""A digest that was being handed over so long ago was so by a worker that ended."""


@dataclass(frozen=True, kw_only=True)
class DigestTarget:
    """A target that gets digests."""

    id: int
    slug: str
    email: str
    time_zone: str
    language: str
    last_state: DigestState | None
    """Of the last digest that was made; None before the first."""
    last_made_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SealedMessage:
    """A message that waits for a digest."""

    id: int
    signature_id: int
    language: str
    sealed: bytes
    key_number: int


def target_ids(session: Session) -> Sequence[int]:
    """Those that get digests, and are neither paused nor retired."""
    return session.scalars(
        select(MessageTarget.id).where(*_GETS_THEM).order_by(MessageTarget.id)
    ).all()


def is_any(at: Moment) -> Condition:
    """Whether any target gets digests, or a digest is lost."""
    return or_(any_row(MessageTarget, *_GETS_THEM), any_row(MessageDigest, *_is_lost(at)))


_GETS_THEM: Final = (
    MessageTarget.mode == TargetMode.DIGEST,
    MessageTarget.paused_at.is_(None),
    MessageTarget.retired_at.is_(None),
)


def _is_lost(at: datetime | Moment) -> tuple[Condition, ...]:
    return (
        MessageDigest.state == DigestState.PARKED,
        MessageDigest.finished_at.is_(None),
        MessageDigest.made_at < at - LOST,
    )


def lock_target(session: Session, target_id: int) -> DigestTarget:
    """The target, held until the transaction ends: of several workers one makes the digest."""
    target, campaign = session.execute(
        select(MessageTarget, Campaign)
        .join(Campaign, Campaign.id == MessageTarget.campaign_id)
        .where(MessageTarget.id == target_id)
        .with_for_update(of=MessageTarget)
    ).one()
    last = session.scalar(
        select(MessageDigest)
        .where(MessageDigest.target_id == target_id)
        .order_by(MessageDigest.id.desc())
        .limit(1)
    )
    return DigestTarget(
        id=target.id,
        slug=campaign.slug,
        email=target.email,
        time_zone=target.time_zone,
        language=target.language or campaign.default_language,
        last_state=DigestState(last.state) if last is not None else None,
        last_made_at=last.made_at if last is not None else None,
    )


def waiting(session: Session, target_id: int) -> list[SealedMessage]:
    """What may go to a target now, in no order that tells who wrote first."""
    rows = session.execute(
        select(Message, Signature.state)
        .join(Signature, Signature.id == Message.signature_id)
        .join(MessageTarget, MessageTarget.id == Message.target_id)
        .where(
            Message.target_id == target_id,
            Message.state == message.QUEUED,
            Message.sealed.is_not(None),
            ~leaving.is_left(MessageTarget),
            ~exists().where(MessageAlsoTo.message_id == Message.id),
        )
        .order_by(Message.id)
        .with_for_update(of=Message)
    ).all()
    found = [
        SealedMessage(
            id=row.id,
            signature_id=row.signature_id,
            language=row.language,
            sealed=row.sealed,
            key_number=row.key_number,
        )
        for row, writer_state in rows
        if message.may_go(writer_state, apart=row.apart)
        and row.sealed is not None
        and row.key_number is not None
    ]
    random.shuffle(found)
    return found


def begin(session: Session, target_id: int, those: Sequence[SealedMessage], *, at: datetime) -> int:
    """These are being handed over: parked from now on, as one; the digest's number."""
    digest_id = session.scalars(
        insert(MessageDigest)
        .values(
            target_id=target_id,
            state=DigestState.PARKED,
            senders=len({each.signature_id for each in those}),
            made_at=at,
        )
        .returning(MessageDigest.id)
    ).one()
    session.execute(
        update(Message)
        .where(Message.id.in_([each.id for each in those]))
        .values(state=message.PARKED, finished_at=None, digest_id=digest_id)
        .execution_options(synchronize_session=False)
    )
    return digest_id


def finish(session: Session, digest_id: int, state: DigestState, *, at: datetime) -> None:
    """What became of it, and of each message in it that was not erased meanwhile."""
    session.execute(
        update(MessageDigest)
        .where(MessageDigest.id == digest_id)
        .values(state=state, finished_at=at)
        .execution_options(synchronize_session=False)
    )
    is_back = state == DigestState.QUEUED
    moved = session.scalars(
        update(Message)
        .where(Message.digest_id == digest_id, Message.state == message.PARKED)
        .values(
            state=message.MessageState(state),
            finished_at=None if is_back else at,
            digest_id=None if is_back else digest_id,
        )
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    step = {DigestState.SENT: Step.SENT, DigestState.BOUNCED: Step.BOUNCED}.get(state)
    if step is not None:
        counts.note(session, moved, step, at=at)


def lost(session: Session, *, at: datetime) -> Sequence[int]:
    """Digests of which nobody will hear any more."""
    return session.scalars(select(MessageDigest.id).where(*_is_lost(at))).all()

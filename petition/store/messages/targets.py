"""Targets: whom a campaign's supporters may write to, and whether anything goes to them now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from petition.domain.campaigns.campaign import Target
from petition.store.db import stored_json
from petition.store.db.upsert import upsert
from petition.store.tables import Campaign, MessageTarget


@dataclass(frozen=True, kw_only=True)
class TargetRecord:
    """A target that supporters may write to."""

    id: int
    key: str
    name: str
    email: str
    country: str
    paused_at: datetime | None


def sync(session: Session, campaign_id: int, *, at: datetime) -> None:
    """The rows follow what the campaign says of its targets; who is named no more is retired."""
    text = session.scalars(select(Campaign.targets).where(Campaign.id == campaign_id)).one()
    named = stored_json.read(text, tuple[Target, ...])
    upsert(
        session,
        MessageTarget,
        [
            {
                "campaign_id": campaign_id,
                "key": each.own_key,
                "name": each.name,
                "email": each.email,
                "country": each.country,
                "time_zone": each.time_zone,
                "an_hour": each.an_hour,
                "a_day": each.a_day,
                "mode": each.mode,
                "language": each.language,
                "retired_at": None,
            }
            for each in named
        ],
        key=("campaign_id", "key"),
        change=lambda new: {
            **{
                name: getattr(new, name)
                for name in ("name", "email", "country", "time_zone", "mode", "language")
            },
            **{name: _unless_set(name, new) for name in ("an_hour", "a_day")},
            # Whom staff took off comes back by staff alone.
            "retired_at": case(
                (MessageTarget.left_as.is_not(None), MessageTarget.retired_at), else_=None
            ),
        },
    )
    session.execute(
        update(MessageTarget)
        .where(
            MessageTarget.campaign_id == campaign_id,
            MessageTarget.key.not_in([each.own_key for each in named]),
            MessageTarget.retired_at.is_(None),
        )
        .values(retired_at=at)
        .execution_options(synchronize_session=False)
    )


def _unless_set(name: str, new: Any) -> Any:
    """What the files say of a cap, where staff have not said it."""
    return case(
        (MessageTarget.caps_set_at.is_not(None), getattr(MessageTarget, name)),
        else_=getattr(new, name),
    )


def of_campaign(session: Session, campaign_id: int) -> tuple[TargetRecord, ...]:
    """The targets that may be written to, in the order in which they came."""
    rows = session.scalars(
        select(MessageTarget)
        .where(MessageTarget.campaign_id == campaign_id, MessageTarget.retired_at.is_(None))
        .order_by(MessageTarget.id)
    )
    return tuple(_record(row) for row in rows)


def _record(row: MessageTarget) -> TargetRecord:
    return TargetRecord(
        id=row.id,
        key=row.key,
        name=row.name,
        email=row.email,
        country=row.country,
        paused_at=row.paused_at,
    )


def set_paused(
    session: Session, campaign_id: int, keys: Sequence[str], paused_at: datetime | None
) -> int:
    """Let nothing go to these targets, or let messages go again (None); how many that changed."""
    was = MessageTarget.paused_at.is_(None)
    changed = session.execute(
        update(MessageTarget)
        .where(
            MessageTarget.campaign_id == campaign_id,
            MessageTarget.key.in_(keys),
            was if paused_at is not None else ~was,
        )
        .values(paused_at=paused_at)
        .returning(MessageTarget.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())

"""Counts of messages: each step is a row that waits, and is folded into the totals like signatures.

What is erased later stays counted: the totals say what happened, and name nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from petition.domain.messages.steps import TOTAL, By, Step
from petition.store.counts import snapshots
from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.db.upsert import upsert
from petition.store.tables import (
    Campaign,
    Entry,
    Message,
    MessageAlsoTo,
    MessageChange,
    MessageCount,
    MessageTarget,
    Signature,
)

BATCH: Final = 5000


def note(session: Session, message_ids: Sequence[int], step: Step, *, at: datetime) -> None:
    """These messages came to that step. Answers to a target's reply are in no number."""
    if not message_ids:
        return
    rows = session.execute(
        select(
            MessageTarget.campaign_id,
            MessageTarget.key,
            Entry.country,
            Entry.partner,
            Message.language,
            Message.variant,
        )
        .select_from(Message)
        .join(MessageTarget, MessageTarget.id == Message.target_id)
        .join(Signature, Signature.id == Message.signature_id)
        .join(Entry, Entry.id == Signature.entry_id)
        .where(Message.id.in_(message_ids), ~Message.is_answer)
    ).all()
    changes = [
        {
            "campaign_id": row.campaign_id,
            "step": step,
            "target": row.key,
            "country": row.country,
            "partner": row.partner or "",
            "variant": f"{row.language}-{row.variant + 1}",
            "day": at.date(),
        }
        for row in rows
    ]
    # One email to several is one in all, and one for each of them.
    further = session.execute(
        select(MessageTarget.campaign_id, MessageTarget.key)
        .join(MessageAlsoTo, MessageAlsoTo.target_id == MessageTarget.id)
        .where(MessageAlsoTo.message_id.in_(message_ids))
    )
    changes += [_of_target(campaign_id, key, step, at) for campaign_id, key in further]
    if changes:
        session.execute(insert(MessageChange), changes)


def _of_target(campaign_id: int, key: str, step: Step, at: datetime) -> dict[str, object]:
    """A step that is counted for that target alone, and not in all: it names nothing else."""
    return {
        "campaign_id": campaign_id,
        "step": step,
        "target": key,
        "country": "",
        "variant": "",
        "day": at.date(),
        "partner": "",
    }


def note_of_target(session: Session, target_id: int, step: Step, *, at: datetime) -> None:
    """One of several targets of a message came to that step, and the others did not."""
    campaign_id, key = session.execute(
        select(MessageTarget.campaign_id, MessageTarget.key).where(MessageTarget.id == target_id)
    ).one()
    session.execute(insert(MessageChange), [_of_target(campaign_id, key, step, at)])


def note_own(session: Session, campaign_id: int, *, at: datetime) -> None:
    """Somebody said that they sent one from their own mailbox: that, and the day."""
    session.execute(
        insert(MessageChange).values(
            campaign_id=campaign_id,
            step=Step.OWN,
            target="",
            country="",
            variant="",
            day=at.date(),
        )
    )


def is_any_waiting(_: Moment) -> Condition:
    """Whether there are steps to fold."""
    return any_row(MessageChange)


def fold(session: Session) -> int:
    """Add waiting steps to the totals; how many. Exactly once, by the DELETE.

    Another worker may fold at the same time: the campaigns' rows, locked in order, make it wait.
    """
    session.execute(select(Campaign.id).order_by(Campaign.id).with_for_update(key_share=True))
    folded = 0
    while taken := _take(session):
        folded += len(taken)
        totals: Counter[tuple[int, str, str, str]] = Counter()
        for row in taken:
            if row.target and not row.country:
                totals[row.campaign_id, row.step, By.TARGET, row.target] += 1
                continue
            totals[row.campaign_id, row.step, TOTAL, ""] += 1
            for by in By:
                value = str(getattr(row, by.value))
                if value:
                    totals[row.campaign_id, row.step, by.value, value] += 1
        upsert(
            session,
            MessageCount,
            [
                {
                    "campaign_id": campaign_id,
                    "step": step,
                    "dimension": dimension,
                    "value": value,
                    "messages": number,
                }
                for (campaign_id, step, dimension, value), number in sorted(totals.items())
            ],
            change=lambda new: {"messages": MessageCount.messages + new.messages},
        )
    return folded


def _take(session: Session) -> Sequence[MessageChange]:
    oldest = select(MessageChange.id).order_by(MessageChange.id).limit(BATCH).scalar_subquery()
    return session.execute(
        delete(MessageChange)
        .where(MessageChange.id.in_(oldest))
        .returning(
            MessageChange.campaign_id,
            MessageChange.step,
            MessageChange.target,
            MessageChange.country,
            MessageChange.day,
            MessageChange.variant,
            MessageChange.partner,
        )
        .execution_options(synchronize_session=False)
    ).all()  # type: ignore[return-value]  # rows with these columns


def is_look_due(name: str, *, since: Moment, least: int) -> Condition:
    """Whether so many were sent in any campaign that has no snapshot of that name since then."""
    return any_row(
        MessageCount,
        MessageCount.step == Step.SENT,
        MessageCount.dimension == TOTAL,
        MessageCount.messages >= least,
        ~snapshots.is_there(MessageCount.campaign_id, name, since=since),
    )


def totals(session: Session, campaign_id: int) -> dict[Step, int]:
    """How many messages came to each step, as of the last fold."""
    rows = session.execute(
        select(MessageCount.step, MessageCount.messages).where(
            MessageCount.campaign_id == campaign_id, MessageCount.dimension == TOTAL
        )
    )
    found = {row.step: row.messages for row in rows}
    return {step: found.get(step, 0) for step in Step}


def by(session: Session, campaign_id: int, dimension: By) -> dict[str, dict[Step, int]]:
    """The same for each target, country, day or variant, in the order of these."""
    rows = session.execute(
        select(MessageCount.value, MessageCount.step, MessageCount.messages)
        .where(
            MessageCount.campaign_id == campaign_id,
            MessageCount.dimension == dimension,
        )
        .order_by(MessageCount.value)
    )
    found: dict[str, dict[Step, int]] = {}
    for value, step, number in rows:
        found.setdefault(value, dict.fromkeys(Step, 0))[Step(step)] = number
    return found

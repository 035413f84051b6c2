"""Message figures: how many emails supporters sent, for public pages, so that none tells of few.

They follow the rules of the figures by country: tens, looked at once a day at most. One supporter
may write to several targets at once, so the figure rises only once as many were sent as ten people
can have sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from petition.domain.counts.small_cells import LEAST, rounded
from petition.domain.messages.steps import Step
from petition.store.campaigns import campaigns
from petition.store.counts import snapshots
from petition.store.db import Condition, Moment, Session
from petition.store.messages import counts, targets

MESSAGES: Final = "messages"
"""The snapshot's name."""
EVERY: Final = timedelta(days=1)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown, and how many were sent in truth at the last look."""

    shown: int = 0
    sent: int = 0


def is_due(at: Moment) -> Condition:
    """Whether there may be something for `snapshot_all`."""
    return counts.is_look_due(MESSAGES, since=at - EVERY, least=LEAST)


def snapshot_all(session: Session, *, at: datetime) -> None:
    """Look at every campaign's figure; the worker's part, after each fold."""
    for campaign in campaigns.listed(session):
        snapshot(session, campaign.id, at=at)


def snapshot(session: Session, campaign_id: int, *, at: datetime) -> bool:
    """Look anew, at most once a day; True when it was time to, and enough had been sent."""
    last = snapshots.read(session, campaign_id, MESSAGES, Sent)
    if last is not None and at < last.at + EVERY:
        return False
    known = last.numbers if last is not None else Sent()
    sent = counts.totals(session, campaign_id)[Step.SENT]
    if sent - known.sent < LEAST * max(1, len(targets.of_campaign(session, campaign_id))):
        return False
    numbers = Sent(shown=rounded(sent), sent=sent)
    snapshots.write(session, campaign_id, MESSAGES, numbers, at=at)
    return True


def shown(session: Session, campaign_id: int) -> int:
    """What a page may show; 0 where there is nothing to show."""
    last = snapshots.read(session, campaign_id, MESSAGES, Sent)
    return last.numbers.shown if last is not None else 0

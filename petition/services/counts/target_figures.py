"""Target figures: how many emails each target received, as pages may show it.

They follow the rules of the other public figures, so that none tells of few: tens, looked at once a
day at most. To one target a supporter writes once in a wave, so a figure rises by no less than ten
people. What came back is what they say two weeks later.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from petition.domain.counts.small_cells import LEAST, rounded
from petition.domain.messages.steps import By, Step
from petition.domain.messages.targets import Outcome
from petition.store.campaigns import campaigns
from petition.store.counts import snapshots
from petition.store.db import Session
from petition.store.messages import counts, queue_numbers, target_details

TARGETS: Final = "message_targets"
"""The snapshot's name."""
EVERY: Final = timedelta(days=1)


class TargetFigure(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of one target, and what it was in truth at the last look."""

    sent: int = 0
    outcomes: dict[str, int] = {}
    """What supporters say came back."""

    @property
    def shown(self) -> int:
        return rounded(self.sent)

    @property
    def shown_outcomes(self) -> dict[Outcome, int]:
        """Without those of fewer than ten."""
        found = {each: rounded(self.outcomes.get(each, 0)) for each in Outcome}
        return {each: number for each, number in found.items() if number}


class TargetFigures(msgspec.Struct, frozen=True, kw_only=True):
    """By the targets' keys."""

    targets: dict[str, TargetFigure] = {}


def snapshot_all(session: Session, *, at: datetime) -> None:
    """Look at every campaign's figures; the worker's part, once an hour."""
    for campaign in campaigns.listed(session):
        snapshot(session, campaign.id, at=at)


def snapshot(session: Session, campaign_id: int, *, at: datetime) -> bool:
    """Look anew, at most once a day; True when it was time to, and something rose by ten."""
    last = snapshots.read(session, campaign_id, TARGETS, TargetFigures)
    if last is not None and at < last.at + EVERY:
        return False
    known = last.numbers.targets if last is not None else {}
    sent = counts.by(session, campaign_id, By.TARGET)
    said = queue_numbers.outcomes(session, campaign_id)
    new = {}
    for target in target_details.of_campaign(session, campaign_id):
        was = known.get(target.key, TargetFigure())
        steps = sent.get(target.key, {})
        outcomes = said.get(target.id, {})
        new[target.key] = TargetFigure(
            sent=_risen(was.sent, steps.get(Step.SENT, 0)),
            outcomes={
                each: _risen(was.outcomes.get(each, 0), outcomes.get(each, 0)) for each in Outcome
            },
        )
    if all(figure == known.get(key, TargetFigure(outcomes=_NONE)) for key, figure in new.items()):
        return False
    snapshots.write(session, campaign_id, TARGETS, TargetFigures(targets=new), at=at)
    return True


_NONE: Final = dict.fromkeys(map(str, Outcome), 0)


def _risen(was: int, now: int) -> int:
    """What is known from now on: what is erased later was shown once, and a few more wait."""
    return now if now - was >= LEAST else was


def shown(session: Session, campaign_id: int) -> Mapping[str, TargetFigure]:
    """By the targets' keys, as pages may show it."""
    last = snapshots.read(session, campaign_id, TARGETS, TargetFigures)
    return last.numbers.targets if last is not None else {}

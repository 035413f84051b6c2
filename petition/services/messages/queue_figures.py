"""Queue figures: how far the messages to each target are, and when its queue is empty.

Whoever sees no personal data sees tens, and nothing about fewer than ten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from petition.domain.counts import small_cells
from petition.domain.messages import forecast, message
from petition.domain.messages.pacing import MOST_A_DAY, MOST_AN_HOUR
from petition.domain.messages.targets import OUTCOMES
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.messages import queue_numbers, target_details
from petition.store.messages.target_details import TargetDetails

Cells = Mapping[str, int | None]
"""None: fewer than ten, for who sees tens."""


@dataclass(frozen=True, kw_only=True)
class TargetFigures:
    """A target with its queue."""

    target: TargetDetails
    states: Cells
    outcomes: Cells
    """What supporters say came back."""
    empty_at: datetime | None
    """When the queue is empty; None where nothing waits, nothing goes or it takes over a year."""
    is_endless: bool
    """Something waits, and no end is in sight."""


def of_campaign(session: Session, slug: str, *, in_tens: bool, at: datetime) -> list[TargetFigures]:
    """All targets that the campaign ever had; raises NotFound."""
    campaign_id = campaigns.by_slug(session, slug).id
    states = queue_numbers.by_target(session, campaign_id)
    today = queue_numbers.today(session, campaign_id, at=at)
    outcomes = queue_numbers.outcomes(session, campaign_id)
    return [
        _figures(
            target,
            states.get(target.id, {}),
            outcomes.get(target.id, {}),
            today.get(target.id, 0),
            in_tens=in_tens,
            at=at,
        )
        for target in target_details.of_campaign(session, campaign_id)
    ]


def of_target(
    session: Session, slug: str, key: str, *, in_tens: bool, at: datetime
) -> TargetFigures | None:
    """One of them; None where there is none. Raises NotFound for the campaign."""
    found = of_campaign(session, slug, in_tens=in_tens, at=at)
    return next((each for each in found if each.target.key == key), None)


def _figures(
    target: TargetDetails,
    states: Mapping[str, int],
    outcomes: Mapping[str, int],
    sent_today: int,
    *,
    in_tens: bool,
    at: datetime,
) -> TargetFigures:
    queued = states.get(message.QUEUED, 0)
    if in_tens:
        # Of tens, too: a forecast to the hour would tell how many they are.
        queued = small_cells.rounded(queued)
        sent_today = small_cells.rounded(sent_today)
    goes = target.paused_at is None and target.retired_at is None
    end = (
        forecast.empty_at(
            queued,
            an_hour=min(target.an_hour, MOST_AN_HOUR),
            a_day=min(target.a_day, MOST_A_DAY),
            time_zone=target.time_zone,
            sent_today=sent_today,
            at=at,
        )
        if queued and goes
        else None
    )
    return TargetFigures(
        target=target,
        states={state: _cell(states.get(state, 0), in_tens) for state in message.STATES},
        outcomes={each: _cell(outcomes.get(each, 0), in_tens) for each in OUTCOMES},
        empty_at=end,
        is_endless=bool(queued) and end is None,
    )


def _cell(number: int, in_tens: bool) -> int | None:
    return (small_cells.rounded(number) or None) if in_tens else number

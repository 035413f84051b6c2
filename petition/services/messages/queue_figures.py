"""Queue figures: how far the messages to each target are, and when its queue is empty.

Whoever sees no personal data sees tens, and nothing about fewer than ten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from petition.domain.counts import small_cells
from petition.domain.messages import message
from petition.domain.messages.digest import TargetMode
from petition.domain.messages.forecast import Forecast, Queue, forecasts
from petition.domain.messages.pacing import MOST_A_DAY, MOST_AN_HOUR, provider_of
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
    queued: int
    """Of tens for who sees tens."""
    forecast: Forecast
    """Of what is queued, if anything is."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How somebody looks at the queues."""

    in_tens: bool
    """They see no personal data."""
    provider_cap: int
    """So many an hour go to all mailboxes of one mail domain."""


def of_campaign(session: Session, slug: str, look: Look, *, at: datetime) -> list[TargetFigures]:
    """All targets that the campaign ever had; raises NotFound."""
    campaign_id = campaigns.by_slug(session, slug).id
    states = queue_numbers.by_target(session, campaign_id)
    outcomes = queue_numbers.outcomes(session, campaign_id)
    ahead = _forecasts(session, look, at)
    return [
        _figures(
            target,
            states.get(target.id, {}),
            outcomes.get(target.id, {}),
            ahead.get(target.id, Forecast()),
            look,
        )
        for target in target_details.of_campaign(session, campaign_id)
    ]


def of_target(
    session: Session, slug: str, key: str, look: Look, *, at: datetime
) -> TargetFigures | None:
    """One of them; None where there is none. Raises NotFound for the campaign."""
    found = of_campaign(session, slug, look, at=at)
    return next((each for each in found if each.target.key == key), None)


def _forecasts(session: Session, look: Look, at: datetime) -> dict[int, Forecast]:
    """Of all campaigns: their targets share what goes to a mail provider.

    Of tens, too, for who sees tens: a forecast to the hour would tell how many they are.
    """
    as_seen = small_cells.rounded if look.in_tens else int
    hour = at.replace(minute=0, second=0, microsecond=0)
    queued = {key: as_seen(number) for key, number in queue_numbers.queued(session).items()}
    if not queued:
        return {}
    this_hour = queue_numbers.sent_since(session, hour)
    today = queue_numbers.sent_since(session, hour.replace(hour=0))
    digests = queue_numbers.last_digests(session)
    queues = {
        target.id: Queue(
            queued=queued[target.id],
            provider=provider_of(target.email),
            time_zone=target.time_zone,
            an_hour=min(target.an_hour, MOST_AN_HOUR),
            a_day=min(target.a_day, MOST_A_DAY),
            sent_this_hour=as_seen(this_hour.get(target.id, 0)),
            sent_today=as_seen(today.get(target.id, 0)),
            is_digest=target.mode == TargetMode.DIGEST,
            last_digest=digests.get(target.id),
        )
        for target in target_details.written_to(session, queued)
        if queued[target.id]
    }
    sent = queue_numbers.sent_to_providers(session, hour)
    return forecasts(
        queues,
        provider_cap=look.provider_cap,
        sent_to_provider={name: as_seen(number) for name, number in sent.items()},
        at=at,
    )


def _figures(
    target: TargetDetails,
    states: Mapping[str, int],
    outcomes: Mapping[str, int],
    ahead: Forecast,
    look: Look,
) -> TargetFigures:
    queued = states.get(message.QUEUED, 0)
    return TargetFigures(
        target=target,
        states={state: _cell(states.get(state, 0), look.in_tens) for state in message.STATES},
        outcomes={each: _cell(outcomes.get(each, 0), look.in_tens) for each in OUTCOMES},
        queued=small_cells.rounded(queued) if look.in_tens else queued,
        forecast=ahead,
    )


def _cell(number: int, in_tens: bool) -> int | None:
    return (small_cells.rounded(number) or None) if in_tens else number

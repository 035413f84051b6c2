"""Progress: how many signed, the goal, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from petition.domain.campaigns.milestones import goal_at, reached_at
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.locale import language


@dataclass(frozen=True, kw_only=True)
class Place:
    """A row of the table: a country's name, or None for everyone else."""

    name: str | None
    people: int
    share: float
    """Of the longest bar, in percent."""


def counted(shown: CachedCampaign) -> dict[str, Any]:
    """The count, its goal, the call's dates and the table of countries, for the template."""
    at = deps().now()
    first_goal = shown.view.goal
    opens_at = shown.view.opens_at
    return {
        "count": shown.count,
        "count_as_of": shown.folded_at or at,
        "goal": goal_at(shown.count, first_goal),
        "reached": reached_at(shown.count, first_goal),
        "ended_at": shown.view.ended_at(at),
        "opens_at": opens_at if opens_at is not None and opens_at > at else None,
        "places": _places(shown),
        "places_as_of": shown.countries.at if shown.countries is not None else None,
        "messages_sent": shown.messages_sent,
        "scores": deps().campaign_cache.scores(shown.view.slug),
        "has_names": shown.has_names,
        "voices": shown.voices,
        "country_names": dict(language().countries()),
    }


def _places(shown: CachedCampaign) -> list[Place]:
    """The most people first; of as many, in the order of the language."""
    if shown.countries is None:
        return []
    found = shown.countries.places
    names = [(name, found[code]) for code, name in language().countries() if code in found]
    rows: list[tuple[str | None, int]] = [*sorted(names, key=lambda row: -row[1])]
    if shown.countries.others:
        rows.append((None, shown.countries.others))
    most = max(people for _, people in rows)
    return [Place(name=name, people=n, share=round(100 * n / most, 2)) for name, n in rows]

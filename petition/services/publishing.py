"""Publishing: figures for public pages that give nobody away, however they are compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from petition.domain import suppression
from petition.domain.suppression import NOTHING, Look
from petition.store import campaigns, counts, figures
from petition.store.figures import Figures

COUNTRIES: Final = "countries"
"""The snapshot's name: figures by country, and beside them what the next look needs."""
EVERY: Final = timedelta(days=1)

# A country is two capitals; these are not.
_TOTAL: Final = "total"
_WENT: Final = "went"
_OVER: Final = "over"


@dataclass(frozen=True, kw_only=True)
class Countries:
    """Where people sign, as of a look. Every figure is rounded down to tens."""

    at: datetime
    places: dict[str, int]
    """Country code to people, only where it is ten or more."""
    others: int
    """Everyone else; 0 when they are fewer than ten."""


def snapshot_all(session: Session, *, at: datetime) -> None:
    """Look at every campaign's figures; the worker's part, after each fold."""
    for campaign in campaigns.listed(session):
        snapshot_countries(session, campaign.id, at=at)


def snapshot_countries(session: Session, campaign_id: int, *, at: datetime) -> bool:
    """Look at the figures by country anew, at most once a day; True when it was time to.

    May be called as often as one likes. Everything that it goes by was to be seen by everybody.
    """
    last = figures.read(session, campaign_id, COUNTRIES)
    if last is not None and at < last.at + EVERY:
        return False
    known = last.numbers if last is not None else {}
    total, went = counts.total(session, campaign_id), counts.went(session, campaign_id)
    gone = went - known.get(_WENT, 0)
    found = suppression.look(
        _look(last),
        dict(counts.by(session, campaign_id, "country")),
        came=total - known.get(_TOTAL, 0) + gone,
        went=gone,
    )
    if found is None:
        return False
    numbers = {**found.figures, _TOTAL: total, _WENT: went, _OVER: found.over}
    figures.write(session, campaign_id, COUNTRIES, numbers, at=at)
    return True


def countries(session: Session, campaign_id: int) -> Countries | None:
    """What the page may show; None where there is nothing to show, or too few have signed."""
    last = figures.read(session, campaign_id, COUNTRIES)
    places = _look(last).figures
    if last is None or not places or counts.total(session, campaign_id) < suppression.LEAST:
        return None
    others = last.numbers[_TOTAL] - sum(places.values())
    return Countries(at=last.at, places=dict(places), others=max(suppression.rounded(others), 0))


def _look(snapshot: Figures | None) -> Look:
    if snapshot is None:
        return NOTHING
    places = {name: n for name, n in snapshot.numbers.items() if name.isupper()}
    return Look(figures=places, over=snapshot.numbers[_OVER])

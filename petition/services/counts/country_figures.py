"""Country figures for public pages that give nobody away, however they are compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from petition.domain.counts import small_cells
from petition.domain.counts.small_cells import NOTHING, Publication
from petition.store.campaigns import campaigns
from petition.store.counts import snapshots, totals
from petition.store.counts.snapshots import Figures
from petition.store.db import Session

COUNTRIES: Final = "countries"
"""The snapshot's name: figures by country, and beside them what the next look needs."""
EVERY: Final = timedelta(days=1)

_Look = Figures[dict[str, int]]


class Beside(msgspec.Struct, frozen=True, kw_only=True, rename={"decreases": "went"}):
    """What is kept beside the figures. A country is two capitals; these are not."""

    total: int = 0
    decreases: int = 0
    over: int = 0


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
    last = _read(session, campaign_id)
    if last is not None and at < last.at + EVERY:
        return False
    known = _beside(last)
    total, went = totals.total(session, campaign_id), totals.decreases(session, campaign_id)
    gone = went - known.decreases
    found = small_cells.look(
        _look(last),
        dict(totals.by(session, campaign_id, "country")),
        came=total - known.total + gone,
        went=gone,
    )
    if found is None:
        return False
    beside = Beside(total=total, decreases=went, over=found.over)
    numbers = {**found.figures, **msgspec.to_builtins(beside)}
    snapshots.write(session, campaign_id, COUNTRIES, numbers, at=at)
    return True


def countries(session: Session, campaign_id: int) -> Countries | None:
    """What the page may show; None where there is nothing to show, or too few have signed."""
    last = _read(session, campaign_id)
    places = _look(last).figures
    if last is None or not places or totals.total(session, campaign_id) < small_cells.LEAST:
        return None
    others = _beside(last).total - sum(places.values())
    return Countries(at=last.at, places=dict(places), others=max(small_cells.rounded(others), 0))


def _read(session: Session, campaign_id: int) -> _Look | None:
    return snapshots.read(session, campaign_id, COUNTRIES, dict[str, int])


def _beside(snapshot: _Look | None) -> Beside:
    return msgspec.convert(snapshot.numbers, Beside) if snapshot is not None else Beside()


def _look(snapshot: _Look | None) -> Publication:
    if snapshot is None:
        return NOTHING
    places = {name: n for name, n in snapshot.numbers.items() if name.isupper()}
    return Publication(figures=places, over=_beside(snapshot).over)

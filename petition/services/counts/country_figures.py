"""Country figures for public pages that give nobody away, however they are compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from petition import structs
from petition.domain.counts import small_cells
from petition.domain.counts.small_cells import Publication
from petition.services.counts import daily_look
from petition.services.counts.daily_look import DatedLook
from petition.store.campaigns import campaigns
from petition.store.counts import snapshots, totals
from petition.store.counts.snapshots import Figures
from petition.store.db import Condition, Moment, Session

COUNTRIES: Final = "countries"
"""The snapshot's name: figures by country, and beside them what the next look needs."""

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


def is_due(at: Moment) -> Condition:
    """Whether there may be something for `snapshot_all`."""
    return daily_look.is_due(COUNTRIES, at=at)


def snapshot_all(session: Session, *, at: datetime) -> None:
    """Look at every campaign's figures; the worker's part, after each fold."""
    for campaign in campaigns.listed(session):
        snapshot_countries(session, campaign.id, at=at)


def snapshot_countries(session: Session, campaign_id: int, *, at: datetime) -> bool:
    """Look at the figures by country anew, at most once a day; True when it was time to.

    May be called as often as one likes. Everything that it goes by was to be seen by everybody.
    """
    last = _read(session, campaign_id)
    found = daily_look.next_look(
        session,
        campaign_id,
        _last(last),
        lambda: dict(totals.by(session, campaign_id, "country")),
        at=at,
    )
    if found is None:
        return False
    beside = Beside(total=found.total, decreases=found.decreases, over=found.publication.over)
    numbers = {**found.publication.figures, **msgspec.to_builtins(beside)}
    snapshots.write(session, campaign_id, COUNTRIES, numbers, at=at)
    return True


def countries(session: Session, campaign_id: int) -> Countries | None:
    """What the page may show; None where there is nothing to show, or too few have signed."""
    last = _read(session, campaign_id)
    known = _last(last)
    places = known.publication.figures if known is not None else {}
    if last is None or not places or totals.total(session, campaign_id) < small_cells.LEAST:
        return None
    others = _beside(last).total - sum(places.values())
    return Countries(at=last.at, places=dict(places), others=max(small_cells.rounded(others), 0))


def _read(session: Session, campaign_id: int) -> _Look | None:
    return snapshots.read(session, campaign_id, COUNTRIES, dict[str, int])


def _beside(snapshot: _Look | None) -> Beside:
    return structs.convert(snapshot.numbers, Beside) if snapshot is not None else Beside()


def _last(snapshot: _Look | None) -> DatedLook | None:
    if snapshot is None:
        return None
    beside = _beside(snapshot)
    places = {name: n for name, n in snapshot.numbers.items() if name.isupper()}
    return DatedLook(
        at=snapshot.at,
        publication=Publication(figures=places, over=beside.over),
        total=beside.total,
        decreases=beside.decreases,
    )

"""Figures of partners and their sections, for partners' own pages: by the rule of country figures.

A partner knows its visitors. So it is told no more than the public is told about countries: tens,
none under ten, once a day, and only as far as the public total moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from petition.domain.counts import small_cells
from petition.domain.counts.small_cells import Figures, Publication
from petition.domain.partners.section import key_of
from petition.services.counts import daily_look
from petition.services.counts.daily_look import DatedLook
from petition.store.campaigns import campaigns
from petition.store.counts import snapshots, totals
from petition.store.db import Condition, Moment, Session
from petition.store.partners import partners, sections

BY_PARTNER: Final = "partners"
BY_SOURCE: Final = "partner links"
"""The snapshots' names. Nobody is in two figures of one of them."""


class _Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    figures: dict[str, int] = {}
    total: int = 0
    decreases: int = 0
    over: int = 0


@dataclass(frozen=True, kw_only=True)
class PartnerFigures:
    """What one partner may know, as of the last look. 0 stands for fewer than ten."""

    newest: datetime | None
    """When they were last looked at; None before the first time."""
    form: int
    """Signed with its key, in a frame or by a link."""
    links: Mapping[str, int]
    """Signed by a link of its own: the link's tag to people, only where it is ten or more."""


def is_due(at: Moment) -> Condition:
    """Whether there may be something for `snapshot_all`."""
    look = daily_look.is_due(BY_PARTNER, at=at) | daily_look.is_due(BY_SOURCE, at=at)
    return partners.is_any() & look


def snapshot_all(session: Session, *, at: datetime) -> None:
    """Look at the figures of every campaign's partners, where it is time to."""
    for campaign in campaigns.listed(session):
        keys = tuple(partners.of_campaign(session, campaign.slug))
        if keys:
            sources = (*keys, *sections.of_campaign(session, campaign.slug))
            _snapshot(session, campaign.id, BY_PARTNER, "partner", keys, at=at)
            _snapshot(session, campaign.id, BY_SOURCE, "source", sources, at=at)


def of_partner(session: Session, campaign_id: int, key: str) -> PartnerFigures:
    """The figures of the partner with this key, and of the links that belong to it."""
    form, links = (_last(session, campaign_id, name) for name in (BY_PARTNER, BY_SOURCE))
    may_tell = totals.total(session, campaign_id) >= small_cells.LEAST
    shown_links = links.publication.figures if links is not None and may_tell else {}
    return PartnerFigures(
        newest=max((each.at for each in (form, links) if each is not None), default=None),
        form=form.publication.figures.get(key, 0) if form is not None and may_tell else 0,
        links={tag: n for tag, n in shown_links.items() if key_of(tag) == key},
    )


def _snapshot(
    session: Session,
    campaign_id: int,
    name: str,
    dimension: str,
    values: Iterable[str],
    *,
    at: datetime,
) -> None:
    """Look at the numbers of these values of the dimension, if it is time to."""
    known = frozenset(values)

    def count() -> Figures:
        rows = totals.by(session, campaign_id, dimension)
        return {value: number for value, number in rows if value in known}

    look = daily_look.next_look(
        session, campaign_id, _last(session, campaign_id, name), count, at=at
    )
    if look is None:
        return
    kept = _Snapshot(
        figures=dict(look.publication.figures),
        total=look.total,
        decreases=look.decreases,
        over=look.publication.over,
    )
    snapshots.write(session, campaign_id, name, msgspec.to_builtins(kept), at=at)


def _last(session: Session, campaign_id: int, name: str) -> DatedLook | None:
    found = snapshots.read(session, campaign_id, name, _Snapshot)
    if found is None:
        return None
    kept = found.numbers
    return DatedLook(
        at=found.at,
        publication=Publication(figures=kept.figures, over=kept.over),
        total=kept.total,
        decreases=kept.decreases,
    )

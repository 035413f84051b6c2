"""When published figures may move: at most once a day, and only as far as people came or went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from petition.domain.counts import small_cells
from petition.domain.counts.small_cells import LEAST, NOTHING, Figures, Publication
from petition.store.counts import totals
from petition.store.db import Condition, Moment, Session

EVERY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class DatedLook:
    """What is shown from one look to the next, and what everybody could see then."""

    at: datetime
    publication: Publication
    total: int
    decreases: int
    """By how much the total had ever fallen."""


def is_due(name: str, *, at: Moment) -> Condition:
    """Whether `next_look` may find anything in the snapshots of that name, of any campaign."""
    return totals.is_look_due(name, since=at - EVERY, least=LEAST)


def next_look(
    session: Session,
    campaign_id: int,
    last: DatedLook | None,
    count: Callable[[], Figures],
    *,
    at: datetime,
) -> DatedLook | None:
    """The look that comes after `last`; None while it is not time for it.

    May be called as often as one likes: `count` is called only when a look is due. Everything that
    decides whether it is was to be seen by everybody.
    """
    if last is not None and at < last.at + EVERY:
        return None
    total, went = totals.total(session, campaign_id), totals.decreases(session, campaign_id)
    gone = went - (last.decreases if last is not None else 0)
    came = total - (last.total if last is not None else 0) + gone
    if came < LEAST and gone < LEAST:
        return None
    before = last.publication if last is not None else NOTHING
    found = small_cells.look(before, count(), came=came, went=gone)
    if found is None:
        return None
    return DatedLook(at=at, publication=found, total=total, decreases=went)

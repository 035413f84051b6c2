"""Figures of the console that take long to count: a worker counts them, and pages read them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from petition.store.campaigns import campaigns
from petition.store.counts import snapshots, totals
from petition.store.counts.snapshots import Figures
from petition.store.db import Session, SessionFactory
from petition.store.exports import contents, ledger
from petition.store.signatures import moderation

SNAPSHOT: Final = "console"


class ConsoleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Of one campaign, at one moment."""

    states: dict[str, int] = {}
    """Signatures by state."""
    names_waiting: int = 0
    """Public names that nobody has decided about."""


def count_all(reading: SessionFactory, transaction: SessionFactory, *, at: datetime) -> None:
    """Count every campaign's anew, with what its lists must let go of. A job: it reads a lot."""
    with reading() as session:  # counting takes a while, and must not hold up who writes
        states = totals.states_of_all(session)
        waiting = moderation.count_waiting_of_all(session)
        figures = {
            row.id: ConsoleFigures(
                states=states.get(row.id, {}), names_waiting=waiting.get(row.id, 0)
            )
            for row in campaigns.listed(session)
        }
        to_remove = {id_: contents.count_recalled(session, id_) for id_ in figures}
    with transaction() as session:
        for campaign_id, numbers in figures.items():
            snapshots.write(session, campaign_id, SNAPSHOT, numbers, at=at)
            ledger.note_to_remove(session, to_remove[campaign_id])


def shown(session: Session, campaign_id: int) -> Figures[ConsoleFigures] | None:
    """As they were counted last; None before the first time."""
    return snapshots.read(session, campaign_id, SNAPSHOT, ConsoleFigures)

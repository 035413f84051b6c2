"""Leaving: what is queued for a target that is written to no more is cancelled, or moved.

One email to several goes to those of them that are left, and to whoever took a place.
Its writers are told by email, in the language of their signature: one email for all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from petition.domain.letters import letter
from petition.domain.letters.recipient import Recipient
from petition.store.db import Condition, Moment, Session
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.messages import leaving
from petition.store.messages.leaving import LeftMessage

BATCH: Final = 200


def is_due(_: Moment) -> Condition:
    """Whether there is something for `settle`."""
    return leaving.is_any_queued()


def settle(session: Session, *, at: datetime) -> int:
    """Cancel or change some of what waits; how many that were."""
    return _settle(session, leaving.queued(session, most=BATCH), at)


def settle_one(session: Session, message_id: int, *, at: datetime) -> None:
    """The same for one that a worker was about to hand over."""
    _settle(session, leaving.queued(session, most=1, message_id=message_id), at)


def _settle(session: Session, found: list[LeftMessage], at: datetime) -> int:
    for each in found:
        leaving.settle(session, each, at=at)
    cancelled = [each.entry_id for each in found if not each.goes_to]
    moved = [each.entry_id for each in found if each.goes_to]
    _tell(session, cancelled, letter.MESSAGE_CANCELLED, at)
    _tell(session, moved, letter.MESSAGE_MOVED, at)
    return len(found)


def _tell(session: Session, entry_ids: Iterable[int], kind: str, at: datetime) -> None:
    whom = set(entry_ids)
    if not whom:
        return
    whom -= leaving.owed_already(session, sorted(whom), kind)
    outbox.enqueue(
        session,
        [NewLetter(kind=kind, to=Recipient.entry(id_), due_at=at) for id_ in sorted(whom)],
    )

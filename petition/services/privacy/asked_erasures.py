"""Erasures that staff asked for: an hour later the worker does them, as any other erasure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Final

from petition.domain.signatures.bulk_actions import UNDO_LIFE
from petition.services.privacy.erasure import ErasureContext, erase_by_staff
from petition.store.db import Condition, Moment, Session, SessionFactory
from petition.store.db.transient_failures import committed
from petition.store.signatures import bulk_actions
from petition.store.staff import pauses
from petition.store.staff.pauses import Paused

BATCH: Final = 50
"""Each has a line in the journal, which waits for the disk."""


def is_due(at: Moment) -> Condition:
    """Whether there is something for `erase_due`."""
    return ~pauses.rests(Paused.LISTS) & bulk_actions.is_any_to_erase(before=at - UNDO_LIFE)


def erase_due(
    transaction: SessionFactory, context: ErasureContext, *, at: datetime
) -> Iterator[int]:
    """Erase what was asked for an hour ago or longer; how many, batch by batch.

    A job: each batch is committed by itself, and after an interruption the next run goes on. While
    everything is closed (services/staff/panic.py) it rests: somebody may have asked who should not
    be in, and until it is taken it can be cancelled.
    """
    if not committed(transaction, partial(_take_due, before=at - UNDO_LIFE)):
        return
    erase = partial(_erase_batch, context=context, at=at)
    while number := committed(transaction, erase):
        yield number


def _take_due(session: Session, *, before: datetime) -> bool:
    if pauses.since(session, Paused.LISTS) is not None:
        return False
    bulk_actions.take_due(session, before=before)
    return True


def _erase_batch(session: Session, *, context: ErasureContext, at: datetime) -> int:
    found = bulk_actions.lock_to_erase(session, most=BATCH)
    for each in found:
        erase_by_staff(session, context, each.signature_id, by=each.by, at=at)
    return len(found)

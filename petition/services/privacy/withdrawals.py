"""Withdrawals: for an hour one click undoes one; then everything of the signature goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from petition.domain.signatures import consent
from petition.services.privacy.erasure import ErasureContext, clean_up, note_in_journal
from petition.store.db import Condition, Moment, Session, SessionFactory
from petition.store.db.transient_failures import committed
from petition.store.privacy import erasure, withdrawn
from petition.store.privacy.withdrawn import Withdrawn
from petition.store.signatures import consents, moderation, signatures

UNDO_LIFE: Final = timedelta(hours=1)
BATCH: Final = 50
"""Each has a line in the journal, which waits for the disk."""


def withdraw(session: Session, signature_id: int, *, at: datetime) -> bool:
    """Take the signature back: out of the count, the page and every later list.

    True when that changed anything. The record says when.
    """
    if not signatures.withdraw(session, signature_id, at=at):
        return False
    _record(session, signature_id, consent.WITHDRAWN, at=at)
    moderation.delete_review(session, signature_id)
    return True


def undo(session: Session, signature_id: int, *, at: datetime) -> bool:
    """Within the hour: everything is as it was, but that staff look at a public name again.

    True when that changed anything.
    """
    if not signatures.undo_withdrawal(session, signature_id, after=at - UNDO_LIFE, at=at):
        return False
    _record(session, signature_id, consent.UNDONE, at=at)
    return True


def _record(session: Session, signature_id: int, answer: str, *, at: datetime) -> None:
    row = signatures.lock(session, signature_id)
    assert row is not None  # it was just changed, in this transaction
    consents.answer(
        session,
        row.entry_id,
        purpose=consent.SIGN,
        consent_text_id=consents.shown_text_id(session, row.entry_id, consent.SIGN),
        answer=answer,
        at=at,
        way=consent.MY,
    )


def is_due(at: Moment) -> Condition:
    """Whether the hour of any is over."""
    return withdrawn.is_any_due(before=at - UNDO_LIFE)


def due(session: Session, *, at: datetime) -> list[int]:
    """The signatures whose hour is over."""
    return list(withdrawn.due(session, before=at - UNDO_LIFE))


def erase_due(
    transaction: SessionFactory, context: ErasureContext, *, at: datetime
) -> Iterator[int]:
    """Erase what was withdrawn an hour ago or longer; how many, batch by batch.

    Each batch is committed by itself: after an interruption the next run goes on.
    """
    erase = partial(_erase_batch, context=context, at=at)
    while number := committed(transaction, erase):
        yield number


def _erase_batch(session: Session, *, context: ErasureContext, at: datetime) -> int:
    found = withdrawn.lock_due(session, before=at - UNDO_LIFE, most=BATCH)
    for each in found:
        _erase(session, context, each, at=at)
    return len(found)


def _erase(session: Session, context: ErasureContext, each: Withdrawn, *, at: datetime) -> None:
    # As of the withdrawal: who signed again since then stays, here and in an old copy.
    note_in_journal(session, context, each.signature_id, at=each.withdrawn_at)
    withdrawn.keep_later_forms(session, each, at=at)
    gone = erasure.erase(session, each.signature_id, at=each.withdrawn_at)
    if gone is not None:
        clean_up(session, context, gone.letter_ids, at=at)

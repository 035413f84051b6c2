"""Parked messages: nobody knows whether their target has them, and staff decide what they are."""

from __future__ import annotations

from datetime import datetime

from petition.domain.letters import letter
from petition.domain.letters.recipient import Recipient
from petition.domain.messages import message
from petition.domain.messages.steps import Step
from petition.domain.staff.audit_actions import AuditAction
from petition.services.messages import targets
from petition.services.messages.targets import Which
from petition.store.db import Session
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.messages import counts, deferrals, queue_numbers
from petition.store.staff import audit


def were_sent(session: Session, which: Which, *, until: datetime, at: datetime) -> int:
    """Those that were parked until then have arrived; how many. Raises NotFound."""
    target = targets.find(session, which.slug, which.key)
    ids = queue_numbers.take_parked(session, target.id, message.SENT, until=until, at=at)
    counts.note(session, ids, Step.SENT, at=at)
    # What others had at once is counted as sent since then.
    ids += deferrals.take_parked(session, target.id, until=until, again=False)
    _note(session, which, "sent", len(ids), at)
    return len(ids)


def send_again(session: Session, which: Which, *, until: datetime, at: datetime) -> int:
    """They are queued once more, and may arrive twice; how many. Raises NotFound.

    Not those whose text is deleted.
    """
    target = targets.find(session, which.slug, which.key)
    ids = queue_numbers.take_parked(session, target.id, message.QUEUED, until=until, at=at)
    outbox.enqueue(
        session,
        [NewLetter(kind=letter.MESSAGE, to=Recipient.message(id_), due_at=at) for id_ in ids],
    )
    to_it_alone = deferrals.take_parked(session, target.id, until=until, again=True)
    outbox.owe_again(session, to_it_alone, at=at)
    ids += to_it_alone
    _note(session, which, "again", len(ids), at)
    return len(ids)


def _note(session: Session, which: Which, outcome: str, number: int, at: datetime) -> None:
    if number:
        audit.note(
            session,
            who=which.by,
            action=AuditAction.PARKED_MESSAGES,
            outcome=outcome,
            at=at,
            detail=f"{which.slug}: {which.key}, {number}",
        )

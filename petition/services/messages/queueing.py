"""Queueing: what a supporter confirmed by their mailbox is owed to its targets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from petition.domain.letters import letter
from petition.domain.letters.recipient import Recipient
from petition.store.db import Session
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.messages import messages


def confirm_of_entry(session: Session, entry_id: int, *, at: datetime) -> int:
    """Whoever confirms a form confirms what was written with it; how many are queued.

    Nothing is while the signature does not count: staff may hold it back.
    """
    return owe(session, messages.confirm_of_entry(session, entry_id, at=at), at)


def confirm_one(session: Session, signature_id: int, message_id: int, *, at: datetime) -> bool:
    """The mailbox's owner sends one that waits, from their own page; False where it cannot go."""
    queued = messages.confirm_one(session, signature_id, message_id, at=at)
    return owe(session, queued, at) > 0


def owe(session: Session, message_ids: Sequence[int], at: datetime) -> int:
    """Let a worker take these messages; how many they are."""
    outbox.enqueue(
        session,
        [
            NewLetter(kind=letter.MESSAGE, to=Recipient.message(id_), due_at=at)
            for id_ in message_ids
        ],
    )
    return len(message_ids)

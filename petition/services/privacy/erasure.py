"""Erasure: every trace of a signature goes, and the journal has it before the commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from petition.config import Settings
from petition.errors import NotFound
from petition.store import jobs
from petition.store.db import Condition, Moment, Session
from petition.store.letters import outbox_files
from petition.store.privacy import erasure
from petition.store.privacy.erasure import Erased
from petition.store.privacy.erasure_journal import (
    ERASED,
    Journal,
    JournalEntry,
)
from petition.store.signatures import by_address, signatures
from petition.store.staff import audit

FORGET: Final = "forget"
"""The job that clears freed space of the database after an erasure."""


@dataclass(frozen=True, kw_only=True)
class ErasureContext:
    """Where an erasure reaches besides the database."""

    settings: Settings
    """They say where the mailbox folder is, and which files in it are whose."""
    journal: Journal


def erase(
    session: Session, context: ErasureContext, signature_id: int, *, at: datetime
) -> Erased | None:
    """Delete every trace; None when there is none. The journal has it before the commit."""
    signature_id = signatures.standing(session, signature_id)
    note_in_journal(session, context, signature_id, at=at)
    gone = erasure.erase(session, signature_id, at=at)
    if gone is not None:
        clean_up(session, context, gone.letter_ids, at=at)
    return gone


def note_in_journal(
    session: Session, context: ErasureContext, signature_id: int, *, at: datetime
) -> None:
    """What was signed with the address up to then must not come back by an old copy."""
    known = by_address.place(session, signature_id)
    if known is None:
        return
    # An old copy of the database knows the address by what stood for it then.
    for key in (known.address_key, *by_address.former_keys(session, known.address_key)):
        context.journal.add(JournalEntry(verb=ERASED, slug=known.slug, address_key=key, at=at))


def erase_by_staff(
    session: Session, context: ErasureContext, signature_id: int, *, by: str, at: datetime
) -> None:
    """For who asks in another way than by their own page; the audit log names no person.

    Raises NotFound.
    """
    if erase(session, context, signature_id, at=at) is None:
        raise NotFound(f"there is no signature {signature_id}")
    audit.note(
        session,
        who=by,
        action="signature erased",
        outcome="done",
        at=at,
        detail=str(signature_id),
    )


def clean_up(
    session: Session, context: ErasureContext, letter_ids: Iterable[int], *, at: datetime
) -> None:
    """What follows on every erasure of rows, in the transaction that deletes them.

    The files of their letters go before the commit: were the process to end in between, no row
    would be left that says whose they are. If the commit fails, a file is gone that was sent.
    Afterwards the worker clears the space that the rows stood in.
    """
    outbox_files.remove(context.settings, letter_ids)
    jobs.ask(session, FORGET, at=at)


def is_space_to_clear(at: Moment) -> Condition:
    """Whether it is time for that."""
    return jobs.is_due(FORGET, at=at)

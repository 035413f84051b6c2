"""Holds: staff keep a signature out of the count, for a while or for good, and let it go on."""

from __future__ import annotations

from datetime import datetime

from petition.domain.signatures import states
from petition.errors import NotFound, PetitionError
from petition.store.db import Session
from petition.store.signatures import signatures
from petition.store.staff import audit


class MoveRefused(PetitionError):
    """This signature cannot be moved that way from the state that it is in."""


def hold(session: Session, signature_id: int, *, reason: str, by: str, at: datetime) -> None:
    """Keep a signature out of the count until somebody has looked."""
    _move(session, signature_id, states.HELD, reason=reason, by=by, at=at)


def reject(session: Session, signature_id: int, *, reason: str, by: str, at: datetime) -> None:
    """Keep a signature out of the count for good; it stays on record with the reason."""
    _move(session, signature_id, states.REJECTED, reason=reason, by=by, at=at)


def release(session: Session, signature_id: int, *, reason: str, by: str, at: datetime) -> None:
    """Let a held signature go on: confirmed if its mailbox has confirmed, else pending."""
    found = signatures.get(session, signature_id)
    confirmed = found is not None and found.confirmed_at is not None
    to = states.after_release(mailbox_confirmed=confirmed)
    _move(session, signature_id, to, reason=reason, by=by, at=at)


def _move(
    session: Session, signature_id: int, to: str, *, reason: str, by: str, at: datetime
) -> None:
    found = signatures.get(session, signature_id)
    if found is None:
        raise NotFound(f"there is no signature {signature_id}")
    if not signatures.move(session, signature_id, to, expected=found.state, reason=reason):
        raise MoveRefused(f"signature {signature_id} is {found.state}: it cannot become {to}")
    audit.note(
        session,
        who=by,
        action=f"signature {to}",
        outcome="done",
        at=at,
        detail=f"{signature_id}: {reason}",
    )

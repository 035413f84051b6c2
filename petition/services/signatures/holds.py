"""Holds: staff keep a signature out of the count, for a while or for good, and let it go on."""

from __future__ import annotations

from datetime import datetime

from petition.domain.signatures import states
from petition.domain.signatures.hold_reasons import HoldReason
from petition.errors import NotFound, PetitionError
from petition.store.db import Session
from petition.store.signatures import signatures
from petition.store.staff import audit


class MoveRefused(PetitionError):
    """This signature cannot be moved that way from the state that it is in."""


def hold(session: Session, signature_id: int, *, reason: HoldReason, by: str, at: datetime) -> None:
    """Keep a signature out of the count until somebody has looked; its person sees the reason."""
    _move(session, signature_id, states.HELD, hold_reason=reason, by=by, at=at)


def reject(
    session: Session, signature_id: int, *, reason: HoldReason, by: str, at: datetime
) -> None:
    """Keep a signature out of the count for good; its person sees the reason.

    Lists that it left in before put its number on their recall lists.
    """
    _move(session, signature_id, states.REJECTED, hold_reason=reason, by=by, at=at)


def release(session: Session, signature_id: int, *, reason: str, by: str, at: datetime) -> None:
    """Let a held signature go on: confirmed if its mailbox has confirmed, else pending.

    The reason is staff's own words, which stand in the person's data copy, and go with it.
    """
    found = signatures.get(session, signature_id)
    confirmed = found is not None and found.confirmed_at is not None
    to = states.after_release(mailbox_confirmed=confirmed)
    _move(session, signature_id, to, words=reason, by=by, at=at)


def _move(
    session: Session,
    signature_id: int,
    to: str,
    *,
    hold_reason: HoldReason | None = None,
    words: str | None = None,
    by: str,
    at: datetime,
) -> None:
    found = signatures.get(session, signature_id)
    if found is None:
        raise NotFound(f"there is no signature {signature_id}")
    moved = signatures.move(
        session,
        signature_id,
        to,
        expected=found.state,
        hold_reason=hold_reason,
        words=words,
        at=at,
    )
    if not moved:
        raise MoveRefused(f"signature {signature_id} is {found.state}: it cannot become {to}")
    audit.note(
        session,
        who=by,
        action=f"signature {to}",
        outcome="done",
        at=at,
        detail=f"{signature_id}: {hold_reason}" if hold_reason else str(signature_id),
    )

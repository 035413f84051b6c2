"""Screening: which signatures are held back, and which letters a mailbox is spared."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from petition.domain import signature as states
from petition.domain.letter import CONFIRMING, UNASKED, UNLIMITED, said
from petition.domain.target import belongs
from petition.domain.tokens import CONFIRM_LIFE
from petition.errors import NotFound, PetitionError
from petition.store import erasing, ledger, outbox, signatures, targets
from petition.store.outbox import Owed


class MoveRefused(PetitionError):
    """This signature cannot be moved that way from the state that it is in."""


def admit(session: Session, letter: Owed, to: str, *, at: datetime) -> str | None:
    """What this letter says (domain.letter.said), or None when it must not go out.

    A mailbox is charged for it only after everything else allowed it.
    """
    what = said(letter.kind, letter.state, letter.mailbox_confirmed)
    if what is None or not _may_go(session, letter, what, to, at=at):
        return None
    return what if letter.kind in UNLIMITED or outbox.admit(session, letter, at=at) else None


def _may_go(session: Session, letter: Owed, what: str, to: str, *, at: datetime) -> bool:
    if what in CONFIRMING and at >= letter.entered_at + CONFIRM_LIFE:
        return False
    if letter.kind in UNASKED and letter.unsubscribed:
        return False
    if erasing.is_blocked(session, letter.campaign_id, letter.address_key):
        return False
    return may_write_to(session, letter, to)


def may_write_to(session: Session, letter: Owed, email: str) -> bool:
    """No when the mailbox is the target's own: the list may have grown since the form came in."""
    domain = email.rpartition("@")[2]
    return not belongs(domain, targets.patterns(session, letter.campaign_id))


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
    ledger.note(
        session,
        who=by,
        action=f"signature {to}",
        outcome="done",
        at=at,
        detail=f"{signature_id}: {reason}",
    )

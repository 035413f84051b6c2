"""Undoing decisions about names: for an hour, the last ones first, exactly as it was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from petition.domain.staff.audit_actions import AuditAction
from petition.store.db import Condition, Moment, Session
from petition.store.signatures import moderation, review_changes, review_claims
from petition.store.signatures.review_changes import Change
from petition.store.staff import audit

UNDO_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What came of it."""

    signature_ids: tuple[int, ...]
    left: int
    """Those that changed since: somebody else decided anew, or the words were corrected."""


@dataclass(frozen=True, kw_only=True)
class LastDecision:
    """What could be undone."""

    batch: str
    verdict: str
    number: int
    """About how many names."""
    at: datetime


def last_decision(
    session: Session, campaign_id: int, *, by: str, at: datetime
) -> LastDecision | None:
    """What `by` decided last here, as long as it can be undone."""
    found = review_changes.last_batch(session, campaign_id, by=by, since=at - UNDO_FOR)
    if not found:
        return None
    first = found[0]
    return LastDecision(
        batch=first.batch, verdict=first.now.verdict, number=len(found), at=first.now.at
    )


def undo(
    session: Session, campaign_id: int, batch: str | None = None, *, by: str, at: datetime
) -> Undone | None:
    """Undo what `by` decided last here; None where that is nothing, or not this batch any more.

    What stood before stands again, in its old place and with its old time. Only what is still as
    `by` left it is undone.
    """
    found = review_changes.last_batch(session, campaign_id, by=by, since=at - UNDO_FOR)
    if not found or batch not in {None, found[0].batch}:
        return None
    # The rows decide: two that press the button at once undo it once.
    if not review_changes.delete_batch(session, found[0].batch):
        return None
    undone = [_undo(session, each, by=by, at=at) for each in found]
    ids = tuple(signature_id for signature_id in undone if signature_id is not None)
    return Undone(signature_ids=ids, left=len(found) - len(ids))


def _undo(session: Session, change: Change, *, by: str, at: datetime) -> int | None:
    found = moderation.locked_standing(session, change.entry_id)
    if found is None or found[1] != change.now:
        return None
    signature_id = found[0]
    moderation.put_back(session, change.entry_id, change.before)
    audit.note(
        session,
        who=by,
        action=AuditAction.REVIEW_UNDONE,
        outcome="done",
        at=at,
        detail=f"signature {signature_id}",
    )
    return signature_id


def is_due(at: Moment) -> Condition:
    """Whether there is something for `delete_past`."""
    return review_changes.is_any_past(since=at - UNDO_FOR) | review_claims.is_any_past(at)


def delete_past(session: Session, *, at: datetime) -> None:
    """What can be undone no more, and claims whose time is over."""
    review_changes.delete_past(session, since=at - UNDO_FOR)
    review_claims.delete_past(session, at=at)

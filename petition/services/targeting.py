"""Targeting: staff say which mail domains are the target's own, so that no letter goes there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from petition.domain import target
from petition.store import campaigns, ledger, targets


def add_domain(session: Session, slug: str, text: str, *, by: str, at: datetime) -> str:
    """From now on the form asks for another address: the pattern as it is kept.

    Raises NotFound for the campaign, and what `target.pattern` raises.
    """
    pattern = target.pattern(text)
    if targets.put_on(session, campaigns.by_slug(session, slug).id, pattern):
        _note(session, slug, pattern, "added", by=by, at=at)
    return pattern


def remove_domain(session: Session, slug: str, text: str, *, by: str, at: datetime) -> bool:
    """From now on the form takes such addresses; False when the pattern was not in force.

    Raises NotFound for the campaign.
    """
    pattern = text.strip().lower()
    removed = targets.take_off(session, campaigns.by_slug(session, slug).id, pattern)
    if removed:
        _note(session, slug, pattern, "removed", by=by, at=at)
    return removed


def _note(
    session: Session, slug: str, pattern: str, outcome: str, *, by: str, at: datetime
) -> None:
    ledger.note(
        session,
        who=by,
        action="target domain",
        outcome=outcome,
        at=at,
        detail=f"{slug}: {pattern}",
    )

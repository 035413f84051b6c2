"""Target domains: staff say which are the target's own, so that no letter goes there."""

from __future__ import annotations

from datetime import datetime

from petition.domain.campaigns import target_domains as domain_target_domains
from petition.store.campaigns import campaigns, target_domains as store_target_domains
from petition.store.db import Session
from petition.store.staff import audit


def add_domain(session: Session, slug: str, text: str, *, by: str, at: datetime) -> str:
    """From now on the form asks for another address: the pattern as it is kept.

    Raises NotFound for the campaign, and what `target.pattern` raises.
    """
    pattern = domain_target_domains.pattern(text)
    if store_target_domains.put_on(session, campaigns.by_slug(session, slug).id, pattern):
        _note(session, slug, pattern, "added", by=by, at=at)
    return pattern


def remove_domain(session: Session, slug: str, text: str, *, by: str, at: datetime) -> bool:
    """From now on the form takes such addresses; False when the pattern was not in force.

    Raises NotFound for the campaign.
    """
    pattern = text.strip().lower()
    removed = store_target_domains.take_off(session, campaigns.by_slug(session, slug).id, pattern)
    if removed:
        _note(session, slug, pattern, "removed", by=by, at=at)
    return removed


def _note(
    session: Session, slug: str, pattern: str, outcome: str, *, by: str, at: datetime
) -> None:
    audit.note(
        session,
        who=by,
        action="target domain",
        outcome=outcome,
        at=at,
        detail=f"{slug}: {pattern}",
    )

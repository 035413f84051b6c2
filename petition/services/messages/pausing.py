"""Pausing: staff let nothing go to a target for a while, and let it go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from petition.errors import NotFound
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.messages import targets
from petition.store.staff import audit


@dataclass(frozen=True, kw_only=True)
class Pause:
    """What staff ask for: of one target by its key, or of all of a campaign."""

    slug: str
    key: str | None
    paused: bool
    by: str


def set_paused(session: Session, command: Pause, *, at: datetime) -> int:
    """Pause or go on; of how many targets that changed it. Raises NotFound."""
    campaign_id = campaigns.by_slug(session, command.slug).id
    keys = [each.key for each in targets.of_campaign(session, campaign_id)]
    if command.key is not None:
        if command.key not in keys:
            raise NotFound(f"{command.slug} has no target called {command.key}")
        keys = [command.key]
    changed = targets.set_paused(session, campaign_id, keys, at if command.paused else None)
    if changed:
        audit.note(
            session,
            who=command.by,
            action="pause messages" if command.paused else "resume messages",
            outcome="done",
            at=at,
            detail=f"{command.slug}: {command.key or 'all targets'}",
        )
    return changed

"""Partners: staff make them, block them and let them go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from petition.domain.partners import partner
from petition.domain.partners.partner import PartnerState
from petition.domain.staff.audit_actions import AuditAction
from petition.errors import NotFound
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.partners import partners
from petition.store.staff import audit


@dataclass(frozen=True, kw_only=True)
class NewPartner:
    """An organisation that is to show a campaign's form."""

    campaign: str
    name: str
    sites: tuple[str, ...]
    """Addresses of its sites, as they were typed."""


def add(session: Session, command: NewPartner, *, by: str, at: datetime) -> str:
    """Make the partner; the key by which its pages ask for the form.

    Raises NotFound for the campaign, and what `name_of` and `origins_of` raise.
    """
    name, origins = partner.name_of(command.name), partner.origins_of(list(command.sites))
    campaign_id = campaigns.by_slug(session, command.campaign).id
    key = partner.new_key()
    partners.add(session, campaign_id, key=key, name=name, origins=origins, by=by, at=at)
    _note(session, command.campaign, key, "added", by=by, at=at)
    return key


def block(session: Session, key: str, *, campaign: str | None, by: str, at: datetime) -> bool:
    """No form of this partner is shown or taken any more; False when that was so. Raises NotFound.

    With `campaign`, only where the partner is one of that campaign's.
    """
    return _set(session, key, PartnerState.BLOCKED, campaign=campaign, by=by, at=at)


def lift(session: Session, key: str, *, campaign: str | None, by: str, at: datetime) -> bool:
    """The partner goes on as before; False when it was not blocked. Raises NotFound."""
    return _set(session, key, PartnerState.LIVE, campaign=campaign, by=by, at=at)


def _set(
    session: Session, key: str, to: PartnerState, *, campaign: str | None, by: str, at: datetime
) -> bool:
    found = partners.by_key(session, key)
    if found is None or campaign not in {None, found.campaign}:
        raise NotFound(f"there is no partner with the key {key}")
    changed = partners.set_state(session, key, to)
    if changed:
        _note(session, found.campaign, key, to, by=by, at=at)
    return changed


def _note(session: Session, slug: str, key: str, outcome: str, *, by: str, at: datetime) -> None:
    detail = f"{slug}: {key}"
    audit.note(session, who=by, action=AuditAction.PARTNER, outcome=outcome, at=at, detail=detail)

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
from petition.store.partners.partners import PartnerRecord
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
    note(session, of_campaign(session, key, command.campaign), "added", by=by, at=at)
    return key


def block(session: Session, key: str, *, campaign: str | None, by: str, at: datetime) -> bool:
    """No form of this partner is shown or taken any more; False when that was so. Raises NotFound.

    With `campaign`, only where the partner is one of that campaign's.
    """
    return _set(session, key, PartnerState.BLOCKED, campaign=campaign, by=by, at=at)


def lift(session: Session, key: str, *, campaign: str | None, by: str, at: datetime) -> bool:
    """The partner goes on as before; False when it was not blocked. Raises NotFound."""
    return _set(session, key, PartnerState.LIVE, campaign=campaign, by=by, at=at)


def of_campaign(session: Session, key: str, campaign: str | None) -> PartnerRecord:
    """The partner with this key, of that campaign if one is named. Raises NotFound."""
    found = partners.by_key(session, key)
    if found is None or campaign not in {None, found.campaign}:
        raise NotFound(f"there is no partner with the key {key}")
    return found


def note(
    session: Session,
    partner: PartnerRecord,
    outcome: str,
    *,
    by: str,
    at: datetime,
    more: str = "",
) -> None:
    """Have it stand in the audit log that this was done with the partner."""
    detail = f"{partner.campaign}: {partner.key}{more}"
    audit.note(session, who=by, action=AuditAction.PARTNER, outcome=outcome, at=at, detail=detail)


def _set(
    session: Session, key: str, to: PartnerState, *, campaign: str | None, by: str, at: datetime
) -> bool:
    found = of_campaign(session, key, campaign)
    changed = partners.set_state(session, key, to)
    if changed:
        note(session, found, to, by=by, at=at)
    return changed

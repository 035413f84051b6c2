"""The link to a partner's own page: staff make it, hand it over once, and take it back."""

from __future__ import annotations

import secrets
from datetime import datetime

from petition.domain.partners import page_link
from petition.domain.staff.audit_actions import AuditAction
from petition.errors import NotFound
from petition.store.db import Session
from petition.store.partners import page_links, partners
from petition.store.partners.partners import PartnerRecord
from petition.store.staff import audit


def make(
    session: Session, key: str, *, campaign: str | None, days: int, by: str, at: datetime
) -> str:
    """The token of a new link; the partner's earlier one opens nothing from now on.

    With `campaign`, only where the partner is one of that campaign's. Raises NotFound, DaysRefused.
    """
    life = page_link.life(days)
    found = _partner(session, key, campaign)
    token = secrets.token_urlsafe(32)
    page_links.put(session, key, token=token, by=by, expires_at=at + life, at=at)
    _note(session, found, "made", by=by, at=at)
    return token


def revoke(session: Session, key: str, *, campaign: str | None, by: str, at: datetime) -> bool:
    """The link opens nothing from now on; False when there was none. Raises NotFound."""
    found = _partner(session, key, campaign)
    revoked = page_links.revoke(session, key)
    if revoked:
        _note(session, found, "revoked", by=by, at=at)
    return revoked


def _partner(session: Session, key: str, campaign: str | None) -> PartnerRecord:
    found = partners.by_key(session, key)
    if found is None or campaign not in {None, found.campaign}:
        raise NotFound(f"there is no partner with the key {key}")
    return found


def _note(session: Session, of: PartnerRecord, outcome: str, *, by: str, at: datetime) -> None:
    action = AuditAction.PARTNER_LINK
    audit.note(session, who=by, action=action, outcome=outcome, at=at, detail=_detail(of))


def _detail(of: PartnerRecord) -> str:
    return f"{of.campaign}: {of.key}"

"""Tokens of the API: staff make and revoke them, a program brings one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from petition.domain.api import tokens as domain
from petition.domain.api.tokens import Scope, TokenRefused
from petition.domain.staff.audit_actions import AuditAction
from petition.errors import NotFound
from petition.store.api import tokens
from petition.store.api.tokens import NewRow, TokenRecord
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.partners import partners
from petition.store.staff import audit


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """A token that a program is to have."""

    campaign: str
    scopes: tuple[Scope, ...]
    days: int = domain.DAYS
    partner: str | None = None
    """The key of the partner whose program it is; None for the organiser's."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """One request with a token."""

    token: TokenRecord
    number: int
    """How many it made in this hour, this one counted."""
    until: datetime
    """When the hour ends."""

    @property
    def left(self) -> int:
        return max(0, domain.REQUESTS - self.number)

    @property
    def is_over(self) -> bool:
        return self.number > domain.REQUESTS


def make(session: Session, command: NewToken, *, by: str, at: datetime) -> str:
    """The token, which nobody can read again. Raises NotFound, TokenRefused."""
    campaign_id = campaigns.by_slug(session, command.campaign).id
    partner_id = _partner_id(session, command)
    life = domain.life(command.days)
    if not command.scopes:
        raise TokenRefused("a token opens at least one thing")
    token = domain.new_token()
    shown = domain.shown_part(token)
    new = NewRow(
        campaign_id=campaign_id,
        partner_id=partner_id,
        hash=domain.hash_of(token),
        shown=shown,
        scopes=tuple(each for each in Scope if each in command.scopes),
        made_by=by,
        made_at=at,
        expires_at=at + life,
    )
    tokens.add(session, new)
    _note(session, command.campaign, command.partner, shown, "added", by=by, at=at)
    return token


def _partner_id(session: Session, command: NewToken) -> int | None:
    if command.partner is None:
        return None
    found = partners.of_campaign(session, command.campaign).get(command.partner)
    if found is None:
        raise NotFound(f"{command.campaign} has no partner with the key {command.partner}")
    return found.id


def revoke(
    session: Session, shown: str, *, campaign: str | None, by: str, at: datetime
) -> TokenRecord:
    """The token opens nothing any more. `campaign` is the one that it must be of; None: any.

    Raises NotFound.
    """
    found = tokens.by_shown(session, shown)
    if found is None or campaign not in {None, found.campaign}:
        raise NotFound(f"there is no token that begins with {shown}")
    if tokens.revoke(session, shown, at=at):
        _note(session, found.campaign, found.partner, shown, "revoked", by=by, at=at)
    return found


def use(session: Session, token: str, *, at: datetime) -> Use | None:
    """The token, if it opens anything now; that it was used is noted."""
    found = tokens.by_hash(session, domain.hash_of(token)) if domain.is_one(token) else None
    if found is None or not found.is_good(at):
        return None
    number = tokens.count_use(session, found.id, at=at)
    hour = at.replace(minute=0, second=0, microsecond=0)
    return Use(token=found, number=number, until=hour + domain.AN_HOUR)


def _note(
    session: Session,
    slug: str,
    partner: str | None,
    shown: str,
    outcome: str,
    *,
    by: str,
    at: datetime,
) -> None:
    detail = f"{slug}: {f'{partner}: ' if partner else ''}{shown}"
    audit.note(session, who=by, action=AuditAction.API_TOKEN, outcome=outcome, at=at, detail=detail)

"""Endpoints of webhooks: owners make them, change them, and look whether they answer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from petition.domain.staff.audit_actions import AuditAction
from petition.domain.webhooks import signing
from petition.domain.webhooks.address import address_of
from petition.domain.webhooks.event import Algorithm, EndpointState
from petition.errors import NotFound, PetitionError
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.partners import partners
from petition.store.staff import audit
from petition.store.vault.vault import Vault
from petition.store.webhooks import deliveries, endpoints, owed
from petition.store.webhooks.endpoints import EndpointRecord, NewRow

MOST: Final = 10
"""Endpoints of one campaign."""
BOTH_SECRETS: Final = timedelta(hours=24)
"""After a rotation, messages are signed with the old secret as well."""
HEALTHY: Final[Mapping[str, Any]] = {
    "failures": 0,
    "failing_since": None,
    "warnings": 0,
    "next_try_at": None,
}
"""How the failures of an endpoint begin."""


class TooManyEndpoints(PetitionError):
    """A campaign has ten endpoints at most."""


@dataclass(frozen=True, kw_only=True)
class NewEndpoint:
    """A program that is to be told what happens."""

    campaign: str
    url: str
    algorithm: Algorithm
    partner: str | None = None
    """The key of the partner whose it is; None for the organiser's."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """An endpoint, and what its receiver verifies messages with."""

    key: str
    shown: str


def add(
    session: Session, vault: Vault, command: NewEndpoint, *, loopback: bool, by: str, at: datetime
) -> Made:
    """Make the endpoint. Raises NotFound, AddressRefused and TooManyEndpoints."""
    address = address_of(command.url, loopback=loopback)
    campaign_id = campaigns.by_slug(session, command.campaign).id
    if len(endpoints.of_campaign(session, command.campaign)) >= MOST:
        raise TooManyEndpoints
    partner_id = None
    if command.partner is not None:
        partner = partners.of_campaign(session, command.campaign).get(command.partner)
        if partner is None:
            raise NotFound
        partner_id = partner.id
    key, secret = secrets.token_hex(8), signing.new_secret()
    new = NewRow(
        campaign_id=campaign_id,
        partner_id=partner_id,
        key=key,
        url=address.url,
        algorithm=command.algorithm,
        made_by=by,
        made_at=at,
    )
    endpoint_id = endpoints.add(session, new)
    sealed = vault.seal_webhook(secret, endpoint_id)
    endpoints.set_values(session, endpoint_id, {"secret": sealed})
    _note(session, command.campaign, f"{key} {address.host}", "added", by=by, at=at)
    return Made(key=key, shown=signing.shown_key(command.algorithm, secret))


def find(session: Session, slug: str, key: str) -> EndpointRecord:
    """The endpoint of that campaign; raises NotFound."""
    found = endpoints.by_key(session, slug, key)
    if found is None:
        raise NotFound
    return found


def public_key(vault: Vault, endpoint: EndpointRecord) -> str | None:
    """What everybody may know of how its messages are signed; None where there is no such thing."""
    if endpoint.algorithm == Algorithm.HMAC:
        return None
    secret = vault.open_webhook(endpoint.secret, endpoint.id)
    return signing.shown_key(endpoint.algorithm, secret)


def rotate(session: Session, vault: Vault, slug: str, key: str, *, by: str, at: datetime) -> Made:
    """A new secret; for a day messages are signed with the one before as well. Raises NotFound."""
    endpoint = endpoints.lock(session, find(session, slug, key).id)
    secret = signing.new_secret()
    values = {
        "secret": vault.seal_webhook(secret, endpoint.id),
        "old_secret": endpoint.secret,
        "old_secret_until": at + BOTH_SECRETS,
    }
    endpoints.set_values(session, endpoint.id, values)
    _note(session, slug, key, "rotated", by=by, at=at)
    return Made(key=key, shown=signing.shown_key(endpoint.algorithm, secret))


def set_full(
    session: Session, slug: str, key: str, *, is_full: bool, by: str, at: datetime
) -> None:
    """Have names and addresses sent along, or no more. Raises NotFound."""
    endpoint = endpoints.lock(session, find(session, slug, key).id)
    if endpoint.is_full != is_full:
        endpoints.set_values(session, endpoint.id, {"is_full": is_full})
        _note(session, slug, key, "full" if is_full else "thin", by=by, at=at)


def switch_off(session: Session, slug: str, key: str, *, by: str, at: datetime) -> None:
    """Nothing is sent to it any more, and nothing new is owed. Raises NotFound."""
    endpoint = endpoints.lock(session, find(session, slug, key).id)
    if endpoint.state != EndpointState.OFF:
        endpoints.set_values(session, endpoint.id, {"state": EndpointState.OFF})
        _note(session, slug, key, "off", by=by, at=at)


def switch_on(session: Session, slug: str, key: str, *, by: str, at: datetime) -> None:
    """It is sent to again, and first all that waits for it. Raises NotFound."""
    endpoint = endpoints.lock(session, find(session, slug, key).id)
    if not endpoint.is_live:
        endpoints.set_values(session, endpoint.id, {"state": EndpointState.LIVE, **HEALTHY})
        deliveries.hasten(session, endpoint.id, at=at)
        _note(session, slug, key, "live", by=by, at=at)


def ping(session: Session, slug: str, key: str, *, by: str, at: datetime) -> None:
    """Owe it a `ping`, at once. Raises NotFound."""
    endpoint = find(session, slug, key)
    owed.note_ping(session, endpoint.id, at=at)
    endpoints.set_values(session, endpoint.id, {"next_try_at": None})
    _note(session, slug, key, "tested", by=by, at=at)


def replay(
    session: Session, slug: str, key: str, delivery_id: int, *, by: str, at: datetime
) -> None:
    """Send one message again, under the id that it had. Raises NotFound."""
    endpoint = find(session, slug, key)
    if not deliveries.replay(session, endpoint.id, delivery_id, at=at):
        raise NotFound
    _note(session, slug, f"{key} {delivery_id}", "replayed", by=by, at=at)


def replay_dead(session: Session, slug: str, key: str, *, by: str, at: datetime) -> None:
    """Send all messages again that were given up. Raises NotFound."""
    endpoint = find(session, slug, key)
    number = deliveries.replay_dead(session, endpoint.id, at=at)
    if number:
        _note(session, slug, f"{key}: {number}", "replayed", by=by, at=at)


def _note(session: Session, slug: str, key: str, outcome: str, *, by: str, at: datetime) -> None:
    detail = f"{slug}: {key}"
    audit.note(session, who=by, action=AuditAction.WEBHOOK, outcome=outcome, at=at, detail=detail)

"""Searching signatures: each search is noted, and of an address only a mark that leads nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from petition.domain.signatures.mail_providers import Provider, canonical_address
from petition.domain.sorting import Sort
from petition.domain.staff.audit_actions import AuditAction
from petition.services.vault import address_keys
from petition.store.db import Session
from petition.store.signatures import by_address, search, signatures
from petition.store.signatures.search import (
    NEWEST,
    Page,
    Place,
    Search,
    SignatureColumn,
    SignatureRow,
)
from petition.store.staff import audit
from petition.store.vault.vault import Vault


def page(
    session: Session,
    campaign_id: int,
    wanted: Search,
    sort: Sort[SignatureColumn] = NEWEST,
    *,
    after: Place | None = None,
) -> Page:
    """A page of a campaign's signatures: what the console's list asks the database."""
    return search.page(session, campaign_id, wanted, sort, after=after)


def note_page(session: Session, slug: str, wanted: Search, *, by: str, at: datetime) -> None:
    """Somebody looks for these. What they typed for a source is not noted, only that they did."""
    asked = [
        f"day {wanted.day}" if wanted.day is not None else "",
        f"state {wanted.state}" if wanted.state is not None else "",
        f"country {wanted.country}" if wanted.country is not None else "",
        "a source" if wanted.source is not None else "",
    ]
    words = ", ".join(filter(None, asked))
    _note(session, f"{slug}: {words or 'all'}", by=by, at=at)


def of_address(
    session: Session,
    vault: Vault,
    providers: Mapping[str, Provider],
    campaign_id: int,
    slug: str,
    *,
    local_part: str,
    domain: str,
    by: str,
    at: datetime,
) -> list[SignatureRow]:
    """The campaign's signatures of an address (`domain` as A-label), however it is spelled.

    Mostly one, or none; two while signatures wait to be keyed anew. The log has a mark of the
    address, the same whether anybody is found or not, and not what was found.
    """
    mark = vault.search_mark(canonical_address(local_part, domain, providers))
    _note(session, f"{slug}: address {mark}", by=by, at=at)
    today = address_keys.of_parts(vault, providers, local_part, domain).address
    keys = {today, *address_keys.ever(vault, providers, local_part, domain)}
    ids = by_address.of_link(session, campaign_id, sorted(keys))
    return search.these(session, campaign_id, ids)


def of_number(
    session: Session, campaign_id: int, slug: str, signature_id: int, *, by: str, at: datetime
) -> SignatureRow | None:
    """The campaign's signature with this number, or the one that it became."""
    _note(session, f"{slug}: number {signature_id}", by=by, at=at)
    found = search.these(session, campaign_id, [signatures.standing(session, signature_id)])
    return found[0] if found else None


def _note(session: Session, detail: str, *, by: str, at: datetime) -> None:
    audit.note(
        session,
        who=by,
        action=AuditAction.SEARCH_SIGNATURES,
        outcome="done",
        at=at,
        detail=detail,
    )

"""Signatures as programs read them: confirmed ones, page by page."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from petition.domain.signatures import states
from petition.store.tables import ConsentText, Entry, PartnerOptIn, Signature

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Behind which signature a page begins: as its list is ordered."""

    at: datetime = BEGINNING
    number: int = 0


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which signatures, and how many."""

    most: int
    after: Place
    since: datetime | None = None
    """Confirmed then or later."""
    country: str | None = None
    language: str | None = None
    source: str | None = None
    partner: str | None = None
    """The key of the partner by whose form or link they signed."""
    updates: str | None = None
    """What they answered about news."""


@dataclass(frozen=True, kw_only=True)
class ConfirmedRow:
    """One confirmed signature; what was typed is still sealed."""

    signature_id: int
    confirmed_at: datetime
    entry_id: int
    sealed: bytes
    key_number: int
    country: str
    language: str
    visibility: str
    updates: str
    source: str | None
    partner: str | None
    sequence: int | None = None
    """By which number the partner learns of it; None for the organiser."""
    answered_at: datetime | None = None
    text_sha256: str | None = None
    """Of the partner's question."""


_READ: Final[dict[str, Any]] = {
    "signature_id": Signature.id,
    "confirmed_at": Signature.confirmed_at,
    "entry_id": Entry.id,
    "sealed": Entry.sealed,
    "key_number": Entry.key_number,
    "country": Entry.country,
    "language": Entry.language,
    "visibility": Entry.visibility,
    "updates": Entry.updates,
    "source": Entry.source,
    "partner": Entry.partner,
}
_OF_PARTNER: Final[dict[str, Any]] = _READ | {
    "sequence": PartnerOptIn.sequence,
    "answered_at": PartnerOptIn.answered_at,
    "text_sha256": ConsentText.sha256,
}


def of_campaign(
    session: Session, campaign_id: int, wanted: Wanted, *, before: datetime
) -> list[ConfirmedRow]:
    """The next ones in the order of their confirmation, of those from before that time."""
    after = wanted.after
    query = (
        _confirmed(_READ, wanted)
        .where(
            Signature.campaign_id == campaign_id,
            Signature.confirmed_at < before,
            or_(
                Signature.confirmed_at > after.at,
                and_(Signature.confirmed_at == after.at, Signature.id > after.number),
            ),
            Signature.confirmed_at >= after.at,  # by which the index is entered
        )
        .order_by(Signature.confirmed_at, Signature.id)
    )
    return _rows(session, query, _READ)


def of_partner(
    session: Session,
    partner_id: int,
    wanted: Wanted,
    *,
    answered_since: datetime,
    among: Collection[int] | None = None,
) -> list[ConfirmedRow]:
    """The next ones who say yes to the partner, in the order in which it learns of them.

    Whoever answered before that time it may not have any more.
    """
    query = (
        _confirmed(_OF_PARTNER, wanted)
        .join(PartnerOptIn, PartnerOptIn.signature_id == Signature.id)
        .join(ConsentText, ConsentText.id == PartnerOptIn.consent_text_id)
        .where(
            PartnerOptIn.partner_id == partner_id,
            PartnerOptIn.sequence > wanted.after.number,
            PartnerOptIn.answered_at > answered_since,
        )
        .order_by(PartnerOptIn.sequence)
    )
    if among is not None:
        query = query.where(Signature.id.in_(among))
    return _rows(session, query, _OF_PARTNER)


def _confirmed(columns: dict[str, Any], wanted: Wanted) -> Select[Any]:
    return (
        select(*columns.values())
        .select_from(Signature)
        .join(Entry, Entry.id == Signature.entry_id)
        .where(Signature.state == states.CONFIRMED, *_fits(wanted))
        .limit(wanted.most)
    )


def _fits(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield Signature.confirmed_at >= wanted.since
    for column, value in (
        (Entry.country, wanted.country),
        (Entry.language, wanted.language),
        (Entry.source, wanted.source),
        (Entry.partner, wanted.partner),
        (Entry.updates, wanted.updates),
    ):
        if value is not None:
            yield column == value


def _rows(session: Session, query: Select[Any], columns: dict[str, Any]) -> list[ConfirmedRow]:
    return [ConfirmedRow(**dict(zip(columns, row, strict=True))) for row in session.execute(query)]

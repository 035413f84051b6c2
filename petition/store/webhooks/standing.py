"""What a full message says of a signature: read when it goes out, and never kept with it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.domain.signatures import states
from petition.store.tables import Entry, PartnerOptIn, Signature


@dataclass(frozen=True, kw_only=True)
class StandingForm:
    """The form that a signature stands on; what was typed is still sealed."""

    entry_id: int
    sealed: bytes
    key_number: int
    country: str
    language: str
    visibility: str
    updates: str


def form(session: Session, signature_id: int, partner_id: int | None) -> StandingForm | None:
    """None where the signature counts no more, or says yes to that partner no more."""
    query = (
        select(
            Entry.id,
            Entry.sealed,
            Entry.key_number,
            Entry.country,
            Entry.language,
            Entry.visibility,
            Entry.updates,
        )
        .join(Signature, Signature.entry_id == Entry.id)
        .where(Signature.id == signature_id, Signature.state == states.CONFIRMED)
    )
    if partner_id is not None:
        query = query.join(PartnerOptIn, PartnerOptIn.signature_id == Signature.id).where(
            PartnerOptIn.partner_id == partner_id
        )
    row = session.execute(query).first()
    if row is None:
        return None
    return StandingForm(
        entry_id=row.id,
        sealed=bytes(row.sealed),
        key_number=row.key_number,
        country=row.country,
        language=row.language,
        visibility=row.visibility,
        updates=row.updates,
    )

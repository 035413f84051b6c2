"""Letters to partners: what is needed to write one, as it stands now."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from petition.store.partners import partners, terms
from petition.store.tables import Letter


@dataclass(frozen=True, kw_only=True)
class PartnerLetter:
    """A letter to a partner's contact."""

    id: int
    kind: str
    to: str
    language: str
    terms_id: int
    """The newest terms, which say to whom and in which language we write."""
    is_wanted: bool
    """False when there is nothing to accept any more."""


def read(session: Session, letter_id: int) -> PartnerLetter | None:
    """A claimed letter; None where nobody is named to write to."""
    row = session.get(Letter, letter_id)
    partner = partners.by_id(session, row.partner_id) if row and row.partner_id else None
    newest = terms.newest(session, partner.id) if partner is not None else None
    if row is None or partner is None or newest is None:
        return None
    return PartnerLetter(
        id=row.id,
        kind=row.kind,
        to=newest.terms.contact_email,
        language=newest.terms.language,
        terms_id=newest.id,
        is_wanted=not (partner.is_blocked or newest.is_accepted),
    )

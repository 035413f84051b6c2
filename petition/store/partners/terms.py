"""The terms of partners: each change is a new version, which the partner accepts or not yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from petition.domain.partners.terms import Terms
from petition.store.tables import PartnerTerms


@dataclass(frozen=True, kw_only=True)
class TermsRecord:
    """One version of a partner's terms."""

    id: int
    partner_id: int
    version: int
    terms: Terms
    made_by: str
    made_at: datetime
    accepted_by: str | None
    accepted_at: datetime | None
    recipient: str | None
    """The public key that was given with it."""

    @property
    def is_accepted(self) -> bool:
        return self.accepted_at is not None


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """How far a partner has accepted."""

    terms: Terms | None
    """What it accepted last."""
    at: datetime | None
    now: bool
    """True while the newest are accepted."""
    recipient: str | None
    """The public key that was given with what was accepted last."""


NOTHING_ACCEPTED: Final = Acceptance(terms=None, at=None, now=False, recipient=None)


def acceptance(session: Session, partner_ids: Collection[int]) -> Mapping[int, Acceptance]:
    """Partner to how far it has accepted; one without terms is not among them."""
    rows = session.scalars(
        select(PartnerTerms)
        .where(PartnerTerms.partner_id.in_(partner_ids))
        .order_by(PartnerTerms.version)
        .execution_options(populate_existing=True)
    )
    found: dict[int, Acceptance] = {}
    for row in rows:
        if row.accepted_at is not None:
            found[row.partner_id] = Acceptance(
                terms=_terms(row), at=row.accepted_at, now=True, recipient=row.recipient
            )
        else:
            before = found.get(row.partner_id, NOTHING_ACCEPTED)
            found[row.partner_id] = replace(before, now=False)
    return found


def add(session: Session, partner_id: int, terms: Terms, *, by: str, at: datetime) -> int:
    """The partner's newest terms, to be accepted; their version."""
    version = (_newest_version(session, partner_id) or 0) + 1
    session.add(
        PartnerTerms(
            partner_id=partner_id,
            version=version,
            controller=terms.controller,
            privacy_url=terms.privacy_url,
            contact_email=terms.contact_email,
            language=terms.language,
            retention_months=terms.retention_months,
            words_version=terms.words_version,
            made_by=by,
            made_at=at,
        )
    )
    session.flush()
    return version


def newest(session: Session, partner_id: int) -> TermsRecord | None:
    """What is to be arranged with the partner now; None before anything is."""
    return _one(session, partner_id, accepted=False)


def newest_accepted(session: Session, partner_id: int) -> TermsRecord | None:
    """What the partner accepted last; None before it did."""
    return _one(session, partner_id, accepted=True)


def find(session: Session, terms_id: int) -> TermsRecord | None:
    row = session.get(PartnerTerms, terms_id, populate_existing=True)
    return _record(row) if row is not None else None


def accept(
    session: Session, terms_id: int, *, by: str, recipient: str | None, at: datetime
) -> bool:
    """The partner's person accepts, with the key for its lists if they have one.

    False when somebody had, or newer terms stand by now.
    """
    newer = select(func.max(PartnerTerms.version)).where(
        PartnerTerms.partner_id
        == select(PartnerTerms.partner_id).where(PartnerTerms.id == terms_id).scalar_subquery()
    )
    accepted = session.execute(
        update(PartnerTerms)
        .where(
            PartnerTerms.id == terms_id,
            PartnerTerms.accepted_at.is_(None),
            PartnerTerms.version == newer.scalar_subquery(),
        )
        .values(accepted_by=by, accepted_at=at, recipient=recipient)
        .returning(PartnerTerms.id)
        .execution_options(synchronize_session=False)
    )
    return accepted.first() is not None


def _newest_version(session: Session, partner_id: int) -> int | None:
    query = select(func.max(PartnerTerms.version)).where(PartnerTerms.partner_id == partner_id)
    return session.scalar(query)


def _one(session: Session, partner_id: int, *, accepted: bool) -> TermsRecord | None:
    query = select(PartnerTerms).where(PartnerTerms.partner_id == partner_id)
    if accepted:
        query = query.where(PartnerTerms.accepted_at.is_not(None))
    row = session.scalar(query.order_by(PartnerTerms.version.desc()).limit(1))
    return _record(row) if row is not None else None


def _record(row: PartnerTerms) -> TermsRecord:
    return TermsRecord(
        id=row.id,
        partner_id=row.partner_id,
        version=row.version,
        terms=_terms(row),
        made_by=row.made_by,
        made_at=row.made_at,
        accepted_by=row.accepted_by,
        accepted_at=row.accepted_at,
        recipient=row.recipient,
    )


def _terms(row: PartnerTerms) -> Terms:
    return Terms(
        controller=row.controller,
        privacy_url=row.privacy_url,
        contact_email=row.contact_email,
        language=row.language,
        retention_months=row.retention_months,
        words_version=row.words_version,
    )

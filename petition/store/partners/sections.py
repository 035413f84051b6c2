"""Sections of partners: a name and the tag of a link, under which its signatures are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from petition.store.db.upsert import upsert
from petition.store.tables import Campaign, Partner, PartnerSection


@dataclass(frozen=True, kw_only=True)
class SectionRecord:
    """A branch of a partner."""

    partner: str
    """The partner's key."""
    name: str
    source: str
    made_by: str
    """Whose account; empty where the partner made it."""
    made_at: datetime


def of_partner(session: Session, key: str) -> list[SectionRecord]:
    """By name."""
    rows = session.execute(
        select(PartnerSection, Partner.key)
        .join(Partner, Partner.id == PartnerSection.partner_id)
        .where(Partner.key == key)
        .order_by(PartnerSection.name, PartnerSection.id)
    )
    return [_record(row, of) for row, of in rows]


def of_campaign(session: Session, slug: str) -> Mapping[str, SectionRecord]:
    """Tag to section."""
    rows = session.execute(
        select(PartnerSection, Partner.key)
        .join(Partner, Partner.id == PartnerSection.partner_id)
        .join(Campaign, Campaign.id == Partner.campaign_id)
        .where(Campaign.slug == slug)
    )
    return {row.source: _record(row, of) for row, of in rows}


def count(session: Session, key: str) -> int:
    """How many the partner has. Whoever makes one waits until this transaction is over."""
    partner_id = session.scalars(
        select(Partner.id).where(Partner.key == key).with_for_update()
    ).one()
    found = session.scalar(select(func.count()).where(PartnerSection.partner_id == partner_id))
    return found or 0


def add(session: Session, key: str, *, name: str, source: str, by: str, at: datetime) -> bool:
    """False where the partner has one of this name."""
    row = {
        "partner_id": session.scalars(select(Partner.id).where(Partner.key == key)).one(),
        "name": name,
        "source": source,
        "made_by": by,
        "made_at": at,
    }
    return upsert(session, PartnerSection, row) == 1


def remove(session: Session, key: str, source: str) -> bool:
    """False where the partner has none with this tag."""
    of_partner = select(Partner.id).where(Partner.key == key).scalar_subquery()
    statement = (
        delete(PartnerSection)
        .where(PartnerSection.partner_id == of_partner, PartnerSection.source == source)
        .returning(PartnerSection.id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).first() is not None


def _record(row: PartnerSection, key: str) -> SectionRecord:
    return SectionRecord(
        partner=key,
        name=row.name,
        source=row.source,
        made_by=row.made_by,
        made_at=row.made_at,
    )

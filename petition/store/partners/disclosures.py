"""Disclosures to partners' programs: whom they were told of, in which way, and when.

Lists are in the ledger. Here is one row for each person and way, with the first and last time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from petition.domain.partners.disclosures import Way
from petition.store.db.upsert import upsert
from petition.store.tables import Partner, PartnerDisclosure, Signature


@dataclass(frozen=True, kw_only=True)
class DisclosureRecord:
    """A partner's programs were told of somebody."""

    partner: str
    """The partner's name."""
    way: Way
    first_at: datetime
    last_at: datetime


def note(
    session: Session, partner_id: int, signature_ids: Collection[int], way: Way, *, at: datetime
) -> None:
    """The partner was told of these people in that way; of who is erased by now nothing is kept."""
    there = session.scalars(
        select(Signature.id)
        .where(Signature.id.in_(signature_ids))
        .order_by(Signature.id)
        .with_for_update(read=True, key_share=True)
    )
    rows = [
        {
            "signature_id": id_,
            "partner_id": partner_id,
            "way": str(way),
            "first_at": at,
            "last_at": at,
        }
        for id_ in there
    ]
    upsert(session, PartnerDisclosure, rows, change=lambda new: {"last_at": new.last_at})


def of_signature(session: Session, signature_id: int) -> tuple[DisclosureRecord, ...]:
    """Those of one person, the oldest first."""
    rows = session.execute(
        select(PartnerDisclosure, Partner.name)
        .join(Partner, Partner.id == PartnerDisclosure.partner_id)
        .where(PartnerDisclosure.signature_id == signature_id)
        .order_by(PartnerDisclosure.first_at, PartnerDisclosure.way)
    )
    return tuple(
        DisclosureRecord(partner=name, way=Way(row.way), first_at=row.first_at, last_at=row.last_at)
        for row, name in rows
    )


def follow(session: Session, gone: int, stays: int) -> None:
    """Of two signatures of one person one is left: what was told of the other is told of it."""
    told = select(PartnerDisclosure.partner_id, PartnerDisclosure.way).where(
        PartnerDisclosure.signature_id == stays
    )
    known = {(row.partner_id, row.way) for row in session.execute(told)}
    of_gone = select(PartnerDisclosure.partner_id, PartnerDisclosure.way).where(
        PartnerDisclosure.signature_id == gone
    )
    for row in session.execute(of_gone).all():
        if (row.partner_id, row.way) not in known:
            session.execute(
                update(PartnerDisclosure)
                .where(
                    PartnerDisclosure.signature_id == gone,
                    PartnerDisclosure.partner_id == row.partner_id,
                    PartnerDisclosure.way == row.way,
                )
                .values(signature_id=stays)
                .execution_options(synchronize_session=False)
            )

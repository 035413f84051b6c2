"""Disclosures to partners' programs: whom they were told of, in which way, and when.

Lists are in the ledger. Here is one row for each person and way, with the first and last time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
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
    is_certain: bool
    """False where it was sent and nothing ever came back: it may have arrived."""


def lock(session: Session, signature_ids: Collection[int]) -> tuple[int, ...]:
    """Those that are still there: nobody erases or merges one before the transaction ends.

    Who is about to be told of somebody reads again after this: what was read before may be of who
    is gone by now.
    """
    there = session.scalars(
        select(Signature.id)
        .where(Signature.id.in_(signature_ids))
        .order_by(Signature.id)  # as by who erases many
        .with_for_update(read=True, key_share=True)
    )
    return tuple(there)


def note(
    session: Session,
    partner_id: int,
    signature_ids: Collection[int],
    way: Way,
    *,
    at: datetime,
    is_certain: bool = True,
) -> None:
    """The partner was told of these people in that way; of who is erased by now nothing is kept.

    What is certain once stays so.
    """
    rows = [
        {
            "signature_id": id_,
            "partner_id": partner_id,
            "way": str(way),
            "first_at": at,
            "last_at": at,
            "is_certain": is_certain,
        }
        for id_ in lock(session, signature_ids)
    ]
    upsert(
        session,
        PartnerDisclosure,
        rows,
        change=lambda new: {
            "last_at": new.last_at,
            "is_certain": or_(PartnerDisclosure.is_certain, new.is_certain),
        },
    )


def of_signature(session: Session, signature_id: int) -> tuple[DisclosureRecord, ...]:
    """Those of one person, the oldest first."""
    rows = session.execute(
        select(PartnerDisclosure, Partner.name)
        .join(Partner, Partner.id == PartnerDisclosure.partner_id)
        .where(PartnerDisclosure.signature_id == signature_id)
        .order_by(PartnerDisclosure.first_at, PartnerDisclosure.way)
    )
    return tuple(
        DisclosureRecord(
            partner=name,
            way=Way(row.way),
            first_at=row.first_at,
            last_at=row.last_at,
            is_certain=row.is_certain,
        )
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

"""Export contents: which signature left in which export, and what must be called back.

An export keeps one bit for each signature id of its pages: exact, and a few bytes a thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import String, insert, literal_column, select
from sqlalchemy.orm import Session

from petition.domain.signatures import states
from petition.errors import NotFound
from petition.store.db import stored_json
from petition.store.db.upsert import upsert
from petition.store.exports.ledger import ExportRecord, FiltersRecord, record
from petition.store.tables import Campaign, Erasure, Export, ExportPage, Signature

ERASED: Final = "erased"
"""Why a number of an export is called back whose signature has no row any more."""
REMOVED: Final = "removed"
"""Why one is called back that staff rejected: what they thought of it is nobody else's business."""


_REJECTED: Final = literal_column("'rejected'", String)


def note_page(session: Session, export_id: int, ids: Sequence[int]) -> None:
    """These signatures (ascending ids, at least one) are about to leave in this export."""
    first, last = ids[0], ids[-1]
    bits = bytearray((last - first) // 8 + 1)
    for id_ in ids:
        bits[(id_ - first) >> 3] |= 1 << ((id_ - first) & 7)
    session.execute(
        insert(ExportPage).values(
            export_id=export_id, first_id=first, last_id=last, bits=bytes(bits)
        )
    )


def _holds(page: ExportPage, signature_id: int) -> bool:
    place = signature_id - page.first_id
    return bool(page.bits[place >> 3] >> (place & 7) & 1)


def holding(session: Session, campaign_id: int, ids: Sequence[int]) -> list[ExportRecord]:
    """The exports that hold a signature by any of the numbers that it had, oldest first."""
    found: dict[int, Export] = {}
    for id_ in ids:
        rows = session.execute(
            select(Export, ExportPage)
            .join(ExportPage, ExportPage.export_id == Export.id)
            .where(
                Export.campaign_id == campaign_id,
                ExportPage.first_id <= id_,
                ExportPage.last_id >= id_,
            )
        )
        found |= {export.id: export for export, page in rows if _holds(page, id_)}
    return [record(found[id_]) for id_ in sorted(found)]


def begin(session: Session, campaign_id: int) -> None:
    """An export begins: what is being erased at this moment is committed before it reads.

    Whoever erases from now on sees the export, and keeps the number (see `held`).
    """
    session.execute(
        select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(key_share=True)
    )


def held(session: Session, campaign_id: int, ids: Sequence[int]) -> list[int]:
    """Those of the campaign's signatures that an export holds, or is perhaps taking out now."""
    session.execute(
        select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(read=True)
    )
    under_way = select(Export.id).where(
        Export.campaign_id == campaign_id, Export.finished_at.is_(None)
    )
    if not ids or session.scalar(under_way.limit(1)) is not None:
        return list(ids)
    pages = session.scalars(
        select(ExportPage)
        .join(Export, Export.id == ExportPage.export_id)
        .where(
            Export.campaign_id == campaign_id,
            ExportPage.first_id <= max(ids),
            ExportPage.last_id >= min(ids),
        )
    ).all()
    return [
        id_
        for id_ in ids
        if any(page.first_id <= id_ <= page.last_id and _holds(page, id_) for page in pages)
    ]


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """One signature of an export that must be taken out of it."""

    signature_id: int
    why: str
    """states.WITHDRAWN, ERASED or REMOVED."""
    at: datetime | None
    """None where nothing says any more when it was rejected."""


def campaign_of(session: Session, export_id: int) -> int:
    """The campaign that an export is of; raises NotFound."""
    campaign_id = session.scalar(select(Export.campaign_id).where(Export.id == export_id))
    if campaign_id is None:
        raise NotFound(f"there is no export {export_id}")
    return campaign_id


def recalled(session: Session, export_id: int) -> list[Recalled]:
    """What an export holds that was withdrawn, erased or rejected since, by id.

    Raises NotFound.
    """
    campaign_id = campaign_of(session, export_id)
    export = session.get_one(Export, export_id)
    withdrawn = (
        select(Signature.id.label("id"), Signature.withdrawn_at.label("at"), ExportPage)
        .join(ExportPage, Signature.id.between(ExportPage.first_id, ExportPage.last_id))
        .where(Signature.campaign_id == campaign_id, Signature.state == states.WITHDRAWN)
    )
    rejected = (
        select(Signature.id.label("id"), Signature.moved_at.label("at"), ExportPage)
        .join(ExportPage, Signature.id.between(ExportPage.first_id, ExportPage.last_id))
        # Written out, not bound: only so is the partial index used.
        .where(Signature.campaign_id == campaign_id, Signature.state == _REJECTED)
    )
    erased = (
        select(Erasure.signature_id.label("id"), Erasure.erased_at.label("at"), ExportPage)
        .join(ExportPage, Erasure.signature_id.between(ExportPage.first_id, ExportPage.last_id))
        .where(Erasure.campaign_id == campaign_id)
    )
    queries = [(states.WITHDRAWN, withdrawn), (ERASED, erased)]
    if states.REJECTED not in stored_json.read(export.filters, FiltersRecord).state:
        queries.append((REMOVED, rejected))  # else it holds them on purpose
    found = [
        Recalled(signature_id=row.id, why=why, at=row.at)
        for why, query in queries
        for row in session.execute(query.where(ExportPage.export_id == export_id))
        if _holds(row.ExportPage, row.id)
    ]
    return sorted(found, key=lambda row: row.signature_id)


def note_erased(
    session: Session, campaign_id: int, signature_ids: Sequence[int], *, at: datetime
) -> None:
    """Keep the numbers of those that an export holds, for its recall list."""
    rows = [
        {"campaign_id": campaign_id, "signature_id": id_, "erased_at": at}
        for id_ in held(session, campaign_id, signature_ids)
    ]
    upsert(session, Erasure, rows)

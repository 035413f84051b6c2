"""Export contents: which signature left in which export, and what must be called back.

An export keeps one bit for each signature id of its pages: exact, and a few bytes a thousand.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import String, insert, literal_column, select
from sqlalchemy.orm import Session

from petition.domain.signatures import states
from petition.errors import NotFound
from petition.store.db import stored_json
from petition.store.db.upsert import upsert
from petition.store.exports.ledger import ExportRecord, FiltersRecord, record
from petition.store.partners import opt_ins
from petition.store.tables import Campaign, Erasure, Export, ExportPage, Signature

ERASED: Final = "erased"
"""Why a number of an export is called back whose signature has no row any more."""
REMOVED: Final = "removed"
"""Why one is called back that staff rejected: what they thought of it is nobody else's business."""


_REJECTED: Final = literal_column("'rejected'", String)
_WITHDRAWN: Final = literal_column("'withdrawn'", String)


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


NEAR: Final = 1_000
"""Ids that are further apart stand on pages of their own: the bits between them would be many."""


def note_more(session: Session, export_id: int, ids: Collection[int]) -> int:
    """These are about to leave in this export, too, which may hold some of them; how many it had
    not."""
    wanted = sorted(ids)
    if not wanted:
        return 0
    pages = session.scalars(
        select(ExportPage).where(
            ExportPage.export_id == export_id,
            ExportPage.first_id <= wanted[-1],
            ExportPage.last_id >= wanted[0],
        )
    ).all()
    new = [
        id_
        for id_ in wanted
        if not any(page.first_id <= id_ <= page.last_id and _holds(page, id_) for page in pages)
    ]
    begin = 0
    for place, id_ in enumerate(new):
        if place + 1 == len(new) or new[place + 1] - id_ > NEAR:
            note_page(session, export_id, new[begin : place + 1])
            begin = place + 1
    return len(new)


class _Page(Protocol):
    """The part of a page of an export that says which signatures it holds."""

    @property
    def first_id(self) -> int: ...
    @property
    def bits(self) -> bytes: ...


def _holds(page: _Page, signature_id: int) -> bool:
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

    Of a partner's list, also who said no to the partner since. Raises NotFound.
    """
    campaign_id = campaign_of(session, export_id)
    export = session.get_one(Export, export_id)
    pages = session.execute(
        select(ExportPage.first_id, ExportPage.last_id, ExportPage.bits).where(
            ExportPage.export_id == export_id
        )
    ).all()
    partner = stored_json.read(export.filters, FiltersRecord).partner
    if partner is not None:
        ids = [id_ for page in pages for id_ in _ids(page)]
        return _not_on_list(session, partner, ids)
    found: dict[int, Recalled] = {}
    for why, query in _gone(campaign_id):
        if why == REMOVED and _holds_rejected(export):
            continue
        gone = {row.id: row.at for row in session.execute(query)}
        ids = sorted(gone)
        for page in pages:
            for id_ in ids[bisect_left(ids, page.first_id) : bisect_right(ids, page.last_id)]:
                if _holds(page, id_):
                    found[id_] = Recalled(signature_id=id_, why=why, at=gone[id_])
    return [found[id_] for id_ in sorted(found)]


def _ids(page: _Page) -> Iterator[int]:
    """All signatures that a page of an export holds."""
    for place in range(len(page.bits) * 8):
        if page.bits[place >> 3] >> (place & 7) & 1:
            yield page.first_id + place


def _not_on_list(session: Session, partner: str, ids: Sequence[int]) -> list[Recalled]:
    """Who stands on the partner's list no more: also who took back the yes to it, and no more."""
    now = opt_ins.ids(session, partner)
    gone = sorted(set(ids) - now)
    return [Recalled(signature_id=id_, why=REMOVED, at=None) for id_ in gone]


def recalled_of(session: Session, campaign_id: int, by: str) -> list[Recalled]:
    """The same of all lists of the campaign that this one took out: each signature once, by id."""
    ids = session.scalars(
        select(Export.id).where(Export.campaign_id == campaign_id, Export.by == by)
    )
    found = {each.signature_id: each for id_ in ids for each in recalled(session, id_)}
    return [found[id_] for id_ in sorted(found)]


def _holds_rejected(export: Export) -> bool:
    """Whether rejected ones are in it on purpose."""
    return states.REJECTED in stored_json.read(export.filters, FiltersRecord).state


def _gone(campaign_id: int) -> Iterator[tuple[str, Any]]:
    """Why, and the signatures of a campaign that lists must let go of for that."""
    signature = select(Signature.id.label("id")).where(Signature.campaign_id == campaign_id)
    # States are written out, not bound: only so are the partial indexes used.
    yield (
        states.WITHDRAWN,
        signature.add_columns(Signature.withdrawn_at.label("at")).where(
            Signature.state == _WITHDRAWN
        ),
    )
    yield (
        ERASED,
        select(Erasure.signature_id.label("id"), Erasure.erased_at.label("at")).where(
            Erasure.campaign_id == campaign_id
        ),
    )
    yield (
        REMOVED,
        signature.add_columns(Signature.moved_at.label("at")).where(Signature.state == _REJECTED),
    )


def count_recalled(session: Session, campaign_id: int) -> dict[int, int]:
    """How many each export of the campaign must let go of: as many as `recalled` names.

    It reads every page of every export once, and each signature that is gone: for a worker.
    """
    exports = session.scalars(select(Export).where(Export.campaign_id == campaign_id)).all()
    if not exports:
        return {}
    ids = {
        why: list(session.scalars(query.with_only_columns(query.selected_columns.id)))
        for why, query in _gone(campaign_id)
    }
    always, all_of_them = (
        _Bits(ids[states.WITHDRAWN] + ids[ERASED]),
        _Bits([id_ for each in ids.values() for id_ in each]),
    )
    gone = {each.id: always if _holds_rejected(each) else all_of_them for each in exports}
    left: dict[int, _Bits] = {}
    for each in exports:
        partner = stored_json.read(each.filters, FiltersRecord).partner
        if partner is not None:
            left[each.id] = _Bits(sorted(opt_ins.ids(session, partner)))
    found = {each.id: 0 for each in exports}
    pages = session.execute(
        select(ExportPage.export_id, ExportPage.first_id, ExportPage.last_id, ExportPage.bits)
        .join(Export, Export.id == ExportPage.export_id)
        .where(Export.campaign_id == campaign_id)
        .execution_options(yield_per=500)
    )
    for export_id, first, last, bits in pages if all_of_them.any or left else ():
        page = int.from_bytes(bits, "little")
        if export_id in left:
            stay = page & left[export_id].between(first, last)
            found[export_id] += page.bit_count() - stay.bit_count()
            continue
        found[export_id] += (page & gone[export_id].between(first, last)).bit_count()
    return found


class _Bits:
    """A set of ids as one bit for each, like a page of an export."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.any = bool(ids)
        self._first = min(ids, default=0)
        self._bits = bytearray((max(ids, default=0) - self._first) // 8 + 1 if ids else 0)
        for id_ in ids:
            place = id_ - self._first
            self._bits[place >> 3] |= 1 << (place & 7)

    def between(self, first: int, last: int) -> int:
        """Those from one id to another as a number whose lowest bit is the first id."""
        begin = max(first, self._first)
        place = begin - self._first
        part = self._bits[place >> 3 : ((last - self._first) >> 3) + 1] if last >= begin else b""
        found = (int.from_bytes(part, "little") >> (place & 7)) << (begin - first)
        return found & ((1 << (last - first + 1)) - 1)


def note_erased(
    session: Session, campaign_id: int, signature_ids: Sequence[int], *, at: datetime
) -> None:
    """Keep the numbers of those that an export holds, for its recall list; partners learn of it."""
    opt_ins.note_erased(session, signature_ids, at=at)
    rows = [
        {"campaign_id": campaign_id, "signature_id": id_, "erased_at": at}
        for id_ in held(session, campaign_id, signature_ids)
    ]
    upsert(session, Erasure, rows)

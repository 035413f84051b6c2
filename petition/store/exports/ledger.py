"""The ledger: every export that was taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import SQLColumnExpression, func, select, update
from sqlalchemy.orm import Session

from petition.domain.exports.contents import Contents
from petition.domain.sorting import Sort
from petition.errors import NotFound
from petition.store.db import stored_json
from petition.store.db.keyset import Keyset, PartOfList
from petition.store.tables import Export

PAGE: Final = 20


class LedgerColumn(StrEnum):
    """What the ledger can stand in the order of."""

    STARTED = "started"
    BY = "by"
    ROWS = "rows"
    TO_REMOVE = "to-remove"


FILE: Final = "csv"
BY_API: Final = "json"
"""How a list leaves: as a file, or bit by bit to a program."""
NEWEST: Final = Sort(LedgerColumn.STARTED, is_descending=True)


class FiltersRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What an export was told to take, as the ledger keeps it: JSON.

    A field that is added has a default: what it was in the exports from before.
    """

    for_target: bool = False
    since: str | None = None
    """ISO 8601; None: from the first one."""
    state: tuple[str, ...] = ()
    updates: str | None = None
    """The answer about news that was asked for; None: whichever."""
    visibility: tuple[str, ...] = ()
    partner: str | None = None
    """The key of the partner whose list it is."""
    recipient: str | None = None
    """What it was encrypted to; None: it left in clear."""


@dataclass(frozen=True, kw_only=True)
class ExportRecord:
    """One line of the ledger."""

    id: int
    by: str
    reason: str
    for_target: bool
    """True: it holds what the people addressed receive."""
    partner: str | None
    """The key of the partner whose list it is."""
    is_encrypted: bool
    started_at: datetime
    reference_salt: bytes | None
    """What makes its references its own; None: it names signatures by their number."""
    rows: int | None
    """None, like `sha256`, when the file was cut off on its way: then it is not whole."""
    sha256: str | None
    """None also for what a token read by the API in one day: that is no file."""
    is_by_api: bool
    to_remove: int
    """How many of it have left since, as last counted."""

    @property
    def contents(self) -> Contents:
        return Contents.of(for_target=self.for_target, partner=self.partner)


@dataclass(frozen=True, kw_only=True)
class LedgerPage:
    """Some exports, and where they stand among all of them."""

    exports: tuple[ExportRecord, ...]
    part: PartOfList


def begin_export(
    session: Session,
    *,
    campaign_id: int,
    by: str,
    reason: str,
    filters: FiltersRecord,
    reference_salt: bytes | None = None,
    format_: str = FILE,
    at: datetime,
) -> int:
    """Note that an export begins; its id. It stays unfinished if the file is cut off."""
    row = Export(
        campaign_id=campaign_id,
        by=by,
        reason=reason,
        filters=stored_json.written(filters),
        format=format_,
        reference_salt=reference_salt,
        started_at=at,
    )
    session.add(row)
    session.flush()
    return row.id


def finish_export(
    session: Session, export_id: int, *, rows: int, sha256: str, at: datetime
) -> None:
    """The file left whole: how many rows, and the SHA-256 of all its bytes.

    Whether its reader got the last of it, which may lie in the system's buffers, nobody here can
    know: the SHA-256 is there to compare.
    """
    session.execute(
        update(Export)
        .where(Export.id == export_id)
        .values(rows=rows, sha256=sha256, finished_at=at)
    )


def add_rows(session: Session, export_id: int, rows: int, *, at: datetime) -> None:
    """So many more left in an export that goes out bit by bit."""
    session.execute(
        update(Export)
        .where(Export.id == export_id)
        .values(rows=func.coalesce(Export.rows, 0) + rows, finished_at=at)
        .execution_options(synchronize_session=False)
    )


def rows_by_api(session: Session, campaign_id: int, *, since: datetime) -> int:
    """How many rows programs of the organiser have read since then, with all their tokens."""
    found = session.scalar(
        select(func.coalesce(func.sum(Export.rows), 0)).where(
            Export.campaign_id == campaign_id,
            Export.format == BY_API,
            Export.started_at >= since,
        )
    )
    return int(found or 0)


def find(session: Session, export_id: int) -> ExportRecord:
    """One line of the ledger; raises NotFound."""
    row = session.get(Export, export_id)
    if row is None:
        raise NotFound(f"there is no export {export_id}")
    return record(row)


def page(
    session: Session,
    campaign_id: int,
    sort: Sort[LedgerColumn] = NEWEST,
    *,
    after: int | None = None,
    most: int = PAGE,
) -> LedgerPage:
    """Of the campaign's ledger, the exports that follow on that one, or the first ones.

    Raises NotFound. A campaign has some hundred of them at most: its index finds them all, and
    they are sorted then.
    """
    columns: dict[LedgerColumn, list[SQLColumnExpression[Any]]] = {
        LedgerColumn.STARTED: [Export.id],
        LedgerColumn.BY: [Export.by, Export.id],
        # One that was cut off has no number of rows.
        LedgerColumn.ROWS: [func.coalesce(Export.rows, -1), Export.id],
        LedgerColumn.TO_REMOVE: [Export.to_remove, Export.id],
    }
    part = Keyset(
        rows=select(Export).where(Export.campaign_id == campaign_id),
        keys=columns[sort.column],
        place=Export.id,
        is_descending=sort.is_descending,
    ).part(session, after=after, most=most)
    rows = session.scalars(select(Export).where(Export.id.in_(part.places)))
    found = {row.id: record(row) for row in rows}
    return LedgerPage(exports=tuple(found[id_] for id_ in part.places), part=part)


def note_to_remove(session: Session, numbers: Mapping[int, int]) -> None:
    """Write down how many of each export have left since."""
    if not numbers:
        return
    before = session.execute(
        select(Export.id, Export.to_remove).where(Export.id.in_(numbers))
    ).all()
    for export_id, known in before:
        if known != numbers[export_id]:
            session.execute(
                update(Export)
                .where(Export.id == export_id)
                .values(to_remove=numbers[export_id])
                .execution_options(synchronize_session=False)
            )


def record(row: Export) -> ExportRecord:
    """A row of the ledger, to leave the store."""
    filters = stored_json.read(row.filters, FiltersRecord)
    return ExportRecord(
        id=row.id,
        by=row.by,
        reason=row.reason,
        for_target=filters.for_target,
        partner=filters.partner,
        is_encrypted=filters.recipient is not None,
        started_at=row.started_at,
        reference_salt=bytes(row.reference_salt) if row.reference_salt is not None else None,
        rows=row.rows,
        sha256=row.sha256,
        is_by_api=row.format == BY_API,
        to_remove=row.to_remove,
    )

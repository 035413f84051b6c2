"""Kept files: lists that the console made, as sealed parts, until staff have fetched them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from petition.errors import NotFound
from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.exports.ledger import ExportRecord, record
from petition.store.tables import Export, ExportFile, ExportFilePart


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """A file that is whole and may be fetched."""

    export: ExportRecord
    until: datetime
    parts: int
    sealed_key: bytes
    key_number: int


def begin(session: Session, export_id: int, *, until: datetime) -> None:
    """Note that parts of this export's file come, each before `until`."""
    session.execute(insert(ExportFile).values(export_id=export_id, until=until, parts=0))


def add_part(session: Session, export_id: int, sealed: bytes, *, until: datetime) -> None:
    """Keep the next part; raises NotFound where the file was taken for a dead one."""
    number = session.scalar(
        update(ExportFile)
        .where(ExportFile.export_id == export_id)
        .values(parts=ExportFile.parts + 1, until=until)
        .returning(ExportFile.parts)
        .execution_options(synchronize_session=False)
    )
    if number is None:
        raise NotFound("the file is kept no more")
    session.execute(
        insert(ExportFilePart).values(export_id=export_id, number=number - 1, sealed=sealed)
    )


def finish(
    session: Session, export_id: int, sealed_key: bytes, key_number: int, *, until: datetime
) -> None:
    """All parts are there: from now on it may be fetched. Raises NotFound as `add_part` does."""
    found = session.execute(
        update(ExportFile)
        .where(ExportFile.export_id == export_id)
        .values(sealed_key=sealed_key, key_number=key_number, until=until)
        .returning(ExportFile.export_id)
        .execution_options(synchronize_session=False)
    ).first()
    if found is None:
        raise NotFound("the file is kept no more")


def kept(session: Session, campaign_id: int, *, by: str, at: datetime) -> dict[int, KeptFile]:
    """The campaign's files that this person may fetch now, by export."""
    rows = session.execute(
        select(Export, ExportFile)
        .join(ExportFile, ExportFile.export_id == Export.id)
        .where(
            Export.campaign_id == campaign_id,
            Export.by == by,
            Export.finished_at.is_not(None),
            ExportFile.until > at,
        )
    )
    return {
        export.id: KeptFile(
            export=record(export),
            until=file.until,
            parts=file.parts,
            sealed_key=bytes(file.sealed_key),
            key_number=file.key_number,
        )
        for export, file in rows
        if file.sealed_key is not None and file.key_number is not None
    }


def parts(session: Session, file: KeptFile) -> Iterator[bytes]:
    """Its sealed parts in order; raises NotFound where one is gone."""
    for number in range(file.parts):
        sealed = session.scalar(
            select(ExportFilePart.sealed).where(
                ExportFilePart.export_id == file.export.id, ExportFilePart.number == number
            )
        )
        if sealed is None:
            raise NotFound("the file is kept no more")
        yield bytes(sealed)


def delete_file(session: Session, export_id: int) -> None:
    """Keep it no more."""
    _delete(session, [export_id])


def is_any_past(at: Moment) -> Condition:
    """Whether `delete_past` would delete any."""
    return any_row(ExportFile, ExportFile.until <= at)


def delete_past(session: Session, *, at: datetime) -> int:
    """Delete the files whose time is over, and those that nobody goes on making; how many."""
    past = session.scalars(select(ExportFile.export_id).where(ExportFile.until <= at)).all()
    _delete(session, past)
    return len(past)


def _delete(session: Session, export_ids: Sequence[int]) -> None:
    for table in (ExportFilePart, ExportFile):
        session.execute(
            delete(table)
            .where(table.export_id.in_(export_ids))
            .execution_options(synchronize_session=False)
        )


def delete_all(session: Session) -> None:
    """Delete every file, whole or not."""
    _delete(session, session.scalars(select(ExportFile.export_id)).all())


def count(session: Session) -> int:
    """How many there are, whole or not."""
    return session.scalar(select(func.count()).select_from(ExportFile)) or 0

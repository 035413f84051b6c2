"""The audit log for who reads it: as a file, and with a note that it was searched or taken out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from petition.domain.exports.spreadsheet import guarded
from petition.store.db import Session
from petition.store.staff import audit, audit_rows
from petition.store.staff.audit_rows import AuditRow, Search

COLUMNS: Final = ("number", "at", "who", "action", "outcome", "detail")
_PART: Final = 500


def note_taken(session: Session, search: Search, *, by: str, at: datetime) -> None:
    """Somebody is about to take rows of the log out."""
    audit.note(session, who=by, action="export audit", outcome="done", at=at, detail=said(search))


def note_search(session: Session, search: Search, *, by: str, at: datetime) -> None:
    """Somebody looks for rows of the log."""
    audit.note(session, who=by, action="search audit", outcome="done", at=at, detail=said(search))


def said(search: Search) -> str | None:
    """What was looked for, in the log's own words."""
    parts = (
        ("who", search.who),
        ("action", search.action),
        ("since", search.since and search.since.isoformat()),
        ("until", search.until and search.until.isoformat()),
    )
    return ", ".join(f"{name}: {value}" for name, value in parts if value) or None


def as_csv(session: Session, search: Search) -> Iterator[bytes]:
    """The rows that a search finds, oldest first, in chunks."""
    yield _lines([COLUMNS])
    rows = audit_rows.oldest_first(session, search)
    while part := list(islice(rows, _PART)):
        yield _lines([_cells(row) for row in part])


def _cells(row: AuditRow) -> tuple[str, ...]:
    return (
        str(row.number),
        row.at.isoformat(),
        guarded(row.who),
        guarded(row.action),
        guarded(row.outcome),
        guarded(row.detail or ""),
    )


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()

"""Reading the audit log: page by page, in any order, or all that a search finds, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import SQLColumnExpression, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from petition.domain.sorting import Sort
from petition.store.db.keyset import Keyset, PartOfList
from petition.store.tables import Audit

PAGE: Final = 50
_PART: Final = 1000


class AuditColumn(StrEnum):
    """What the log can stand in the order of."""

    NUMBER = "number"
    WHO = "who"
    ACTION = "action"


NEWEST: Final = Sort(AuditColumn.NUMBER, is_descending=True)


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """A row of the audit log, as people read it."""

    number: int
    at: datetime
    who: str
    action: str
    outcome: str
    detail: str | None


@dataclass(frozen=True, kw_only=True)
class Search:
    """Which rows are looked for; what is None is not asked for."""

    who: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not that moment itself."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows, and where they stand among all of them."""

    rows: tuple[AuditRow, ...]
    part: PartOfList


def sortable(search: Search) -> frozenset[AuditColumn]:
    """By what an index gives the rows in order: among some of them, by their numbers alone."""
    return frozenset(AuditColumn) if search == Search() else frozenset({AuditColumn.NUMBER})


def page(
    session: Session,
    search: Search,
    sort: Sort[AuditColumn] = NEWEST,
    *,
    after: int | None = None,
    most: int = PAGE,
) -> Page:
    """The rows that follow on the one with the number `after`, or the first ones.

    Raises NotFound.
    """
    columns: dict[AuditColumn, list[SQLColumnExpression[Any]]] = {
        AuditColumn.NUMBER: [Audit.number],
        AuditColumn.WHO: [Audit.who, Audit.number],
        AuditColumn.ACTION: [Audit.action, Audit.number],
    }
    part = Keyset(
        rows=select(Audit).where(*_conditions(search)),
        keys=columns[sort.column],
        place=Audit.number,
        is_descending=sort.is_descending,
    ).part(session, after=after, most=most)
    found = session.scalars(select(Audit).where(Audit.number.in_(part.places)))
    rows = {row.number: _as_row(row) for row in found}
    return Page(rows=tuple(rows[number] for number in part.places), part=part)


def oldest_first(session: Session, search: Search) -> Iterator[AuditRow]:
    """All of them, in the order in which they were written."""
    after = 0
    while True:
        found = _after(session, search, after)
        yield from found
        if len(found) < _PART:
            return
        after = found[-1].number


def people(session: Session) -> list[str]:
    """Everybody who is in it, in the order of their letters."""
    return _distinct(session, Audit.who)


def actions(session: Session) -> list[str]:
    """Every action that is in it."""
    return _distinct(session, Audit.action)


def _distinct(session: Session, column: InstrumentedAttribute[str]) -> list[str]:
    """What stands in a column that begins an index: each next one is looked up, no row is read."""
    value = select(func.min(column).label("value")).cte(recursive=True)
    following = select(func.min(column)).where(column > value.c.value).scalar_subquery()
    value = value.union_all(select(following).where(value.c.value.is_not(None)))
    found = select(value.c.value).where(value.c.value.is_not(None)).order_by(value.c.value)
    return list(session.scalars(found))


def _after(session: Session, search: Search, number: int) -> list[AuditRow]:
    rows = session.scalars(
        select(Audit)
        .where(Audit.number > number, *_conditions(search))
        .order_by(Audit.number)
        .limit(_PART)
    )
    return [_as_row(row) for row in rows]


def _as_row(row: Audit) -> AuditRow:
    return AuditRow(
        number=row.number,
        at=row.at,
        who=row.who,
        action=row.action,
        outcome=row.outcome,
        detail=row.detail,
    )


def _conditions(search: Search) -> Iterator[Any]:
    if search.who is not None:
        yield Audit.who == search.who
    if search.action is not None:
        yield Audit.action == search.action
    if search.since is not None:
        yield Audit.at >= search.since
    if search.until is not None:
        yield Audit.at < search.until

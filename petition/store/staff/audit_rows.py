"""Reading the audit log: page by page, newest first, or all that a search finds, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from petition.store.tables import Audit

PAGE: Final = 50
NEWEST: Final = 2**62
"""A number that no row has yet."""
_PART: Final = 1000


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
    """Some rows, newest first, and the places of the pages beside them."""

    rows: tuple[AuditRow, ...]
    older: int | None
    newer: int | None
    """What `before` is there; None where there is no such page."""


def page(session: Session, search: Search, *, before: int = NEWEST, most: int = PAGE) -> Page:
    """The newest rows with a number below `before`."""
    found = _found(session, search, Audit.number < before, newest_first=True, most=most + 1)
    rows = tuple(found[:most])
    first = rows[0].number if rows else before - 1
    above = _found(session, search, Audit.number > first, newest_first=False, most=most + 1)
    newer = None if not above else NEWEST if len(above) <= most else above[most].number
    return Page(rows=rows, older=rows[-1].number if len(found) > most else None, newer=newer)


def oldest_first(session: Session, search: Search) -> Iterator[AuditRow]:
    """All of them, in the order in which they were written."""
    after = 0
    while True:
        found = _found(session, search, Audit.number > after, newest_first=False, most=_PART)
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


def _found(
    session: Session,
    search: Search,
    place: ColumnElement[bool],
    *,
    newest_first: bool,
    most: int,
) -> list[AuditRow]:
    order = Audit.number.desc() if newest_first else Audit.number
    rows = session.scalars(
        select(Audit).where(place, *_conditions(search)).order_by(order).limit(most)
    )
    return [
        AuditRow(
            number=row.number,
            at=row.at,
            who=row.who,
            action=row.action,
            outcome=row.outcome,
            detail=row.detail,
        )
        for row in rows
    ]


def _conditions(search: Search) -> Iterator[Any]:
    if search.who is not None:
        yield Audit.who == search.who
    if search.action is not None:
        yield Audit.action == search.action
    if search.since is not None:
        yield Audit.at >= search.since
    if search.until is not None:
        yield Audit.at < search.until

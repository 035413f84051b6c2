"""One upsert for both databases: the unique keys decide who inserts, and what then changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from petition.store.db.types import Base

Row = Mapping[str, object]
Change = Callable[[Any], Mapping[str, object]]
"""From the columns of the row that was to be inserted, the new values of the row that is there."""


def upsert(
    session: Session,
    table: type[Base],
    rows: Row | Sequence[Row],
    *,
    key: Sequence[str] = (),
    change: Change | None = None,
    where: ColumnElement[bool] | None = None,
) -> int:
    """Insert rows, one statement for all; how many were inserted or changed.

    A row whose key is there already, whichever key that is, stays as it is. With `change`, the row
    of the same `key` (the primary one, if none is named) gets its values instead, unless `where`
    is false for it. All rows have the same columns. Of several that do this at once with one key,
    one inserts, and the others wait for its commit.
    """
    if not rows:
        return 0
    done = session.connection().execute(
        _statement(session, table, key, change, where),
        rows,
        execution_options={"preserve_rowcount": True},
    )
    return done.rowcount


def upsert_one(
    session: Session,
    table: type[Base],
    row: Row,
    *,
    change: Change,
    returning: InstrumentedAttribute[int],
) -> int:
    """The same for one row; what the column holds now, as this transaction left it."""
    statement = _statement(session, table, (), change, None).values(**row)
    return int(session.connection().execute(statement.returning(returning)).scalar_one())


def _statement(
    session: Session,
    table: type[Base],
    key: Sequence[str],
    change: Change | None,
    where: ColumnElement[bool] | None,
) -> Any:
    dialect = session.get_bind().dialect.name
    if change is None:
        return _insert_or_leave(dialect, table)
    statement = _insert(dialect, table)
    return statement.on_conflict_do_update(
        index_elements=key or [column.name for column in table.__table__.primary_key],
        set_=change(statement.excluded),
        where=where,
    )


@cache
def _insert_or_leave(dialect: str, table: type[Base]) -> Any:
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _insert(dialect: str, table: type[Base]) -> Any:
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table.__table__).inline()  # whoever asks for an id asks in so many words

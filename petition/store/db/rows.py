"""Rows that may be counted and deleted, by one condition for both."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from petition.store.db.types import Base


@dataclass(frozen=True)
class Rows:
    """The rows of a table for which a condition holds."""

    table: type[Base]
    where: ColumnElement[bool]

    def count(self, session: Session) -> int:
        """How many `delete` would delete."""
        query = select(func.count()).select_from(self.table).where(self.where)
        return session.scalar(query) or 0

    def delete(self, session: Session) -> int:
        """Delete them; how many they were."""
        gone = session.execute(
            delete(self.table).where(self.where).execution_options(synchronize_session=False)
        )
        return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE has one

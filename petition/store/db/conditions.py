"""Conditions: whether there are such rows, asked of many tables in one statement.

To put such a statement together takes longer than to ask it, so it is made once, for any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, bindparam, exists, literal_column, select
from sqlalchemy.orm import Session

from petition.store.db.types import Base, Instant

Condition = ColumnElement[bool]


def any_row(table: type[Base], *where: Condition) -> Condition:
    """True where the table has such a row."""
    return exists(select(literal_column("1")).select_from(table).where(*where))


class Moment:
    """The time at which a question will be asked, or one that lies so long before it."""

    def __init__(self, of: Moment | None = None, ago: timedelta = timedelta()) -> None:
        self.times: dict[str, timedelta] = {} if of is None else of.times
        self._ago = ago

    def __sub__(self, ago: timedelta) -> Moment:
        return Moment(self, self._ago + ago)

    def __clause_element__(self) -> BindParameter[datetime]:  # SQLAlchemy calls it
        name = f"ago_{self._ago.total_seconds():.0f}"
        self.times[name] = self._ago
        return bindparam(name, type_=Instant())


class Question:
    """Whether each of some conditions holds, at the moment of asking."""

    def __init__(self, conditions: Iterable[Callable[[Moment], Condition]]) -> None:
        at = Moment()
        self._times = at.times
        self._statement = select(
            *(condition(at).label(f"is_{place}") for place, condition in enumerate(conditions))
        )

    def ask(self, session: Session, *, at: datetime) -> list[bool]:
        """Which of them hold now."""
        times = {name: at - ago for name, ago in self._times.items()}
        found = session.connection().execute(self._statement, times).one()
        return [bool(each) for each in found]

"""Long lists, page by page, in any order: a page goes on from a row, whatever came or went since.

A row is named by its place, a number that only it has. What it is sorted by is looked up anew, so
that no name and no address stands in the address of a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, SQLColumnExpression, tuple_
from sqlalchemy.orm import Session

from petition.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class PartOfList:
    """The places of a page's rows, and what the pages beside it begin after."""

    places: tuple[int, ...]
    further: int | None
    """None on the last page."""
    is_first: bool
    back: int | None
    """What the page before begins after; None where it is the first one, or there is none."""


@dataclass(frozen=True, kw_only=True)
class Keyset:
    """The rows of a query, sorted by `keys`, which are different for any two of them."""

    rows: Select[Any]
    keys: Sequence[SQLColumnExpression[Any]]
    place: SQLColumnExpression[int]
    is_descending: bool = False

    def part(self, session: Session, *, after: int | None, most: int) -> PartOfList:
        """The rows that follow on the one with that place, or the first ones. Raises NotFound."""
        start = self._keys_of(session, after) if after is not None else None
        found = self._following(session, start, self.is_descending, most + 1)
        places = tuple(found[:most])
        back: list[int] = []
        if start is not None:
            first = self._keys_of(session, places[0]) if places else start
            back = self._following(session, first, not self.is_descending, most + 1)
        return PartOfList(
            places=places,
            further=places[-1] if len(found) > most else None,
            is_first=start is None or (bool(places) and not back),
            back=back[most] if len(back) > most else None,
        )

    def _keys_of(self, session: Session, place: int) -> Sequence[Any]:
        """What the row with that place is sorted by."""
        if len(self.keys) == 1 and self.keys[0] is self.place:
            return (place,)
        row = session.execute(
            self.rows.with_only_columns(*self.keys).where(self.place == place)
        ).first()
        if row is None:
            raise NotFound
        return tuple(row)

    def _following(
        self, session: Session, start: Sequence[Any] | None, is_descending: bool, most: int
    ) -> list[int]:
        query = self.rows.with_only_columns(self.place)
        if start is not None:
            # Compared with plain values: each is written as its own column is.
            here, there = tuple_(*self.keys), tuple(start)
            query = query.where(here < there if is_descending else here > there)
        order = [key.desc() if is_descending else key for key in self.keys]
        return list(session.scalars(query.order_by(*order).limit(most)))

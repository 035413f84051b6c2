"""Tables that sort: what the links in their heads lead to, and those to the pages beside.

A table's order stands in the address, `sort=rows` or `sort=-rows`; what names no column of the
table is the table's own order. Where a page has several tables, each has a word of its own there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol
from urllib.parse import urlencode

from petition.domain.sorting import Column, Sort, sort_of
from petition.web.http.locale import _


class Part(Protocol):
    """Some rows of a long list, which knows the pages beside."""

    @property
    def is_first(self) -> bool: ...

    @property
    def back(self) -> object | None: ...

    @property
    def further(self) -> object | None: ...


@dataclass(frozen=True, kw_only=True)
class SortedTable(Generic[Column]):
    """A table, the order in which it stands, and where a click on one of its heads leads."""

    address: str
    """Of its page; behind the `#`, the id of what the page goes to."""
    default: Sort[Column]
    sort: Sort[Column]
    columns: frozenset[Column]
    largest_first: frozenset[Column] = frozenset()
    """Columns whose other end nobody looks for first: numbers and times."""
    word: str = "sort"
    beside: Mapping[str, str] = field(default_factory=dict)
    """What else stands in the address and stays."""

    def direction(self, column: str) -> str | None:
        """As aria-sort has it; None where the table stands in the order of another column."""
        if self.sort.column != column:
            return None
        return "descending" if self.sort.is_descending else "ascending"

    def link(self, column: Column) -> str:
        """To the same table in the order of that column; where it stands so, the other way."""
        if self.sort.column == column:
            return self._address(self.sort.reversed)
        return self._address(Sort(column, is_descending=column in self.largest_first))

    def pages(self, part: Part) -> list[tuple[str, str]]:
        """Links to the pages around this one, as (words, address)."""
        found = []
        if not part.is_first:
            found.append((_("Page before"), self._address(self.sort, part.back)))
        if part.further is not None:
            found.append((_("Next page"), self._address(self.sort, part.further)))
        return found

    @property
    def query(self) -> dict[str, str]:
        """What says in an address how the table stands."""
        return {} if self.sort == self.default else {self.word: str(self.sort)}

    def _address(self, sort: Sort[Column], after: object | None = None) -> str:
        query = dict(self.beside)
        if sort != self.default:
            query[self.word] = str(sort)
        if after is not None:
            query["after"] = str(after)
        path, _hash, anchor = self.address.partition("#")
        return f"{path}{'?' if query else ''}{urlencode(query)}#{anchor}"


def sorted_table(
    address: str,
    asked: str,
    default: Sort[Column],
    *,
    columns: frozenset[Column] | None = None,
    largest_first: frozenset[Column] = frozenset(),
    word: str = "sort",
    beside: Mapping[str, str] | None = None,
) -> SortedTable[Column]:
    """A table in the order that is asked for, or in its own."""
    offered = frozenset(type(default.column)) if columns is None else columns
    sort = sort_of(asked, default)
    return SortedTable(
        address=address,
        default=default,
        sort=sort if sort.column in offered else default,
        columns=offered,
        largest_first=largest_first,
        word=word,
        beside=beside or {},
    )

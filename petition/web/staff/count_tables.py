"""Confirmed signatures by day, country, language and partner: tables that sort, with bars.

All rows of them are on the page, so they are sorted here. Whoever sees tens gets an order of tens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from petition.domain.sorting import Sort
from petition.store.partners.partners import PartnerRecord
from petition.web.http.locale import language
from petition.web.staff.sorting import SortedTable, sorted_table


class CountColumn(StrEnum):
    """What such a table can stand in the order of."""

    NAME = "name"
    NUMBER = "number"


MOST_FIRST: Final = Sort(CountColumn.NUMBER, is_descending=True)
LAST_FIRST: Final = Sort(CountColumn.NAME, is_descending=True)

Counted = list[tuple[str, int]]
"""(value, confirmed), as the database has it."""


@dataclass(frozen=True, kw_only=True)
class CountTable:
    """A table of counts, in its order."""

    table: SortedTable[CountColumn]
    rows: Counted
    """(what readers call it, confirmed)."""


@dataclass(frozen=True, kw_only=True)
class _Row:
    name: str
    rank: str | int
    """Its place in the order of the names."""
    number: int


@dataclass(frozen=True, kw_only=True)
class CountTables:
    """Makes the tables of a page, each in the order that its address asks for."""

    address: str
    asked: Mapping[str, str]
    """What the address says."""

    def by_day(self, rows: Counted) -> CountTable:
        """Days as the reader's language writes them."""
        short_date = language().short_date
        return self._table(
            "day",
            LAST_FIRST,
            (
                _Row(name=short_date(datetime.fromisoformat(day)), rank=day, number=number)
                for day, number in rows
            ),
        )

    def by_country(self, rows: Counted) -> CountTable:
        """Names of countries, in the order in which readers look for them."""
        names = dict(language().countries())
        ranks = {code: rank for rank, code in enumerate(names)}
        return self._table(
            "country",
            MOST_FIRST,
            (
                _Row(name=names.get(code, code), rank=ranks.get(code, len(ranks)), number=number)
                for code, number in rows
            ),
        )

    def by_language(self, rows: Counted) -> CountTable:
        """Names of languages in the reader's own."""
        return self._table("language", MOST_FIRST, _named(rows, language().name_of))

    def by_partner(self, rows: Counted, known: Mapping[str, PartnerRecord]) -> CountTable:
        """Partners by name; not those who signed on a page of ours."""

        def name_of(key: str) -> str:
            return known[key].name if key in known else key

        return self._table("partner", MOST_FIRST, _named([row for row in rows if row[0]], name_of))

    def _table(self, kind: str, default: Sort[CountColumn], rows: Iterable[_Row]) -> CountTable:
        word = f"sort-{kind}"
        table = sorted_table(
            f"{self.address}#{kind}-heading",
            self.asked.get(word, ""),
            default,
            largest_first=frozenset({default.column}),
            word=word,
            beside={name: value for name, value in self.asked.items() if name != word},
        )
        # Where two numbers are the same, by name, whichever end comes first.
        ordered = sorted(rows, key=lambda row: row.rank)
        key: Callable[[_Row], str | int] = (
            (lambda row: row.rank)
            if table.sort.column == CountColumn.NAME
            else (lambda row: row.number)
        )
        ordered.sort(key=key, reverse=table.sort.is_descending)
        return CountTable(table=table, rows=[(row.name, row.number) for row in ordered])


def _named(rows: Counted, name_of: Callable[[str], str]) -> Iterable[_Row]:
    for value, number in rows:
        name = name_of(value)
        yield _Row(name=name, rank=name.casefold(), number=number)

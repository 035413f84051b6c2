"""In which order a table stands: by which of its columns, and which end comes first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

Column = TypeVar("Column", bound=StrEnum)


@dataclass(frozen=True)
class Sort(Generic[Column]):
    """By one of the columns that a table can stand in the order of."""

    column: Column
    is_descending: bool = False

    def __str__(self) -> str:
        """As an address has it: `rows`, or `-rows` with the most first."""
        return f"-{self.column}" if self.is_descending else str(self.column)

    @property
    def reversed(self) -> Sort[Column]:
        return replace(self, is_descending=not self.is_descending)


def sort_of(text: str, default: Sort[Column]) -> Sort[Column]:
    """What that stands for; the table's own order where it names none of its columns."""
    try:
        column = type(default.column)(text.removeprefix("-"))
    except ValueError:
        return default
    return Sort(column, is_descending=text.startswith("-"))

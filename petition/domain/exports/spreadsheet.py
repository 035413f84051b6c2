"""Spreadsheets: cells of a CSV file that none of them runs, and the mark by which Excel sees UTF-8.

What runs was tried in LibreOffice and read up for Excel (docs/decisions/0072-cells-that-run.md).
"""

from __future__ import annotations

import unicodedata
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff".encode()
"""Without it, Excel reads a CSV file in the old encoding of its Windows."""

_SIGNS: Final = frozenset("=+-@\u2212")
_RUNS_BY_ITSELF: Final = frozenset("\t\r\n")


def guarded(cell: str) -> str:
    """The cell with an apostrophe before it, if it begins like a formula or like a guarded one."""
    return "'" + cell if _begins_like_a_formula(cell.lstrip("'")) else cell


def _begins_like_a_formula(text: str) -> bool:
    """True for a sign of a formula, in any width, also behind what cannot be seen."""
    if text[:1] in _RUNS_BY_ITSELF and text:
        return True
    first = next((char for char in text if not _is_unseen(char)), "")
    return unicodedata.normalize("NFKC", first)[:1] in _SIGNS if first else False


def _is_unseen(char: str) -> bool:
    """Blanks, controls and marks, which a program may drop before it looks."""
    return char.isspace() or unicodedata.category(char) in {"Cc", "Cf", "Mn", "Me"}

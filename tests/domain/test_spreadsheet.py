"""Cells: what a spreadsheet might run is guarded, nothing else, and the guard comes off again."""

from __future__ import annotations

import pytest

from petition.domain.exports.spreadsheet import guarded


def unguarded(cell: str) -> str:
    """What a program that reads the file makes of it, by the rule in docs/staff.md."""
    return cell[1:] if cell.startswith("'") and guarded(cell) != cell else cell


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207c\u207a\u207b\u2212"
UNSEEN = [
    "",
    "\u200b",
    "\ufeff",
    "\u00ad",
    "\u200e",
    "\u200f",
    "\u2060",
    "\u2068",
    "\u202a",
    "\ufe0f",
    "\u0301",
    "\u00a0",
    "\u3000",
    " ",
    "  ",
    "\t",
    "\r",
    "\n",
    "\x0b",
    "\0",
    "\x85",
    "\u2028",
    "\u180e",
    "\U000e0020",
    "\u200b\ufeff ",
]


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
@pytest.mark.parametrize("sign", SIGNS, ids=ascii)
def test_whatever_may_run_is_guarded(sign: str, unseen: str) -> None:
    cell = f"{unseen}{sign}SUM(1,1)"
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["\tAna", "\rAna", "\nAna"], ids=ascii)
def test_what_begins_with_a_break_is_guarded(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "Ana",
        "'t Hooft",
        "ʻOkina",
        "’s-Gravenhage",
        "Ana-María",
        "a=b",
        "١٢٣",
        "ليلى",
        "李",
        "\u200bAna",
        " Ana",
        "10115",
        "…",
        "–",
        "''",
        "\u200b",
    ],
    ids=ascii,
)
def test_what_nobody_runs_stays_as_it_is(cell: str) -> None:
    assert guarded(cell) == cell == unguarded(cell)


@pytest.mark.parametrize("cell", ["=1", "'=1", "''=1", "'\u200b=1", "＠x", "Ana", "'Ana", "\t", ""])
def test_the_guard_comes_off_as_it_went_on(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell

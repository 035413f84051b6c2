"""The style sheets name no side of the page, so that each reads from right to left as well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "petition" / "static"
SHEETS = sorted(STATIC.rglob("*.css"))

SIDES = re.compile(
    r"(?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-)?"
    r"(?:left|right|top|bottom)(?:-(?:left|right))?(?:-(?:width|style|color|radius))?"
    r"|(?:min-|max-)?(?:width|height)"
)
ALIGNED = {"text-align", "text-align-last", "float", "clear", "caption-side"}
FOUR_SIDED = re.compile(
    r"(?:margin|padding|inset|scroll-margin|scroll-padding|border-(?:width|style|color|radius))"
)


def declarations(sheet: str) -> Iterator[tuple[str, str]]:
    plain = re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    for name, value in re.findall(r"(?<![\w-])([\w-]+)\s*:\s*([^;{}]+)(?=[;}])", plain):
        yield name, value.strip()


def one_sided(name: str, value: str) -> bool:
    """True for what would stay on its side when the text turns round."""
    if SIDES.fullmatch(name):
        return True
    if name in ALIGNED:
        return value.split()[0] in {"left", "right"}
    if FOUR_SIDED.fullmatch(name):
        parts = re.findall(r"(?:[^\s(]|\([^)]*\))+", value.replace("!important", ""))
        return len(parts) == 4 and parts[1] != parts[3]
    return False


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_a_sheet_names_no_side(path: Path) -> None:
    found = [
        f"{name}: {value}"
        for name, value in declarations(path.read_text(encoding="utf-8"))
        if one_sided(name, value)
    ]
    assert found == []


def test_there_are_sheets() -> None:
    assert SHEETS


@pytest.mark.parametrize(
    "sheet",
    [
        "a:hover { left: 0 }",
        "a { color: red; margin-left: 1px; }",
        "a{padding-top:0}",
        "a { border-right: 1px solid }",
        "a { border-top-left-radius: 2px; }",
        "a { text-align: right }",
        "a { float: left; }",
        "a { margin: 0 1px 0 2px; }",
        "a { inset: 0 auto calc(1px + 2px) 0; }",
        "@media (min-width: 1px) { a { min-width: 1px } }",
    ],
)
def test_a_side_is_seen(sheet: str) -> None:
    assert [pair for pair in declarations(sheet) if one_sided(*pair)]


@pytest.mark.parametrize(
    "sheet",
    [
        "@media (min-width: 60rem) { a { margin-inline-start: 1px } }",
        "a:left { inset: 0 }",
        "a { margin: 0 1px; padding: calc(1px + 2px) 3px 0; text-align: start; }",
        "a { inset: 0 1px 2px 1px; } /* left: 0; */",
        "a { border-end-start-radius: 1px; max-inline-size: 2px }",
    ],
)
def test_what_names_no_side_passes(sheet: str) -> None:
    assert not [pair for pair in declarations(sheet) if one_sided(*pair)]

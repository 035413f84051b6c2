"""The look is made of tokens: each pair of colours can be read, and nothing is off the scale."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from petition import assets, design
from tests.contrast import contrast

CSS: Final = assets.STATIC / "css"
ROOT: Final = Path(__file__).parents[2]
TEMPLATES: Final = ROOT / "templates"
PARTS: Final = sorted(path.stem for path in CSS.glob("*.css") if not path.stem.startswith("tokens"))

LIGHT: Final = design.colours()
DARK: Final = {**LIGHT, **design.tokens("tokens-dark")}
PRINT: Final = {**LIGHT, **design.tokens("tokens-print")}

TEXT: Final = {
    "ink": ("paper", "card", "tint", "wrong_tint"),
    "muted": ("paper", "card", "tint"),
    "link": ("paper", "card", "tint"),
    "wrong": ("paper", "card", "wrong_tint"),
    "on_accent": ("accent", "accent_hover"),
    "on_deep": ("deep", "deep_2"),
    "on_deep_muted": ("deep",),
    "deep": ("on_deep",),
    "on_sun": ("sun",),
}
"""What is read, and all that it lies on: 4.5 to 1 (WCAG 2.2, 1.4.3)."""

SHAPES: Final = {
    "accent": ("paper", "card", "tint"),
    "field_line": ("paper", "card", "tint"),
    "wrong": ("paper", "card", "wrong_tint"),
    "focus": ("paper", "card", "tint", "wrong_tint"),
    "focus_on_deep": ("deep", "deep_2"),
    "on_deep_muted": ("deep",),
}
"""What must be seen to use the page, and all that it lies on: 3 to 1 (1.4.11)."""

ORNAMENT: Final = {
    "line": "between rows that their own space tells apart",
    "white": "under a QR code, which is black",
    "shadow": "around a card, which its space and headings tell apart",
}
"""Colours that say nothing, with what does."""

SCALED: Final = re.compile(
    r"(?:margin|padding)(?:-[a-z-]+)?|(?:row-|column-)?gap|font|font-size|font-weight|line-height"
    r"|border(?:-[a-z-]+)?|outline(?:-[a-z-]+)?|box-shadow"
)
"""Properties that take their sizes from the scale. How wide and high a thing is, and where it is,
is its own; what is tied to its own letters is in em."""
RAW: Final = re.compile(r"(?<![\w.-])-?(?:\d*\.)?\d+(?:rem|px|pt|vw)\b")
RAW_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch|color-mix)\(")
NUMBER: Final = re.compile(r"(?:\d*\.)?\d+")

ALLOWED: Final = {
    "margin: -1px !important": "hides a thing from the eye alone; it is a pixel large",
    "line-height: 0": "a raised number moves no line",
    "line-height: 1": "a figure in the middle of its circle",
}


def declarations(css: str) -> Iterator[tuple[str, str]]:
    plain = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    for name, value in re.findall(r"(?<![\w-])([\w-]+)\s*:\s*([^;{}]+)(?=[;}])", plain):
        yield name, value.strip()


def off_the_scale(css: str) -> list[str]:
    found = []
    for name, value in declarations(css):
        written = f"{name}: {value}"
        bare = name in {"font-weight", "line-height"} and NUMBER.fullmatch(value)
        raw = SCALED.fullmatch(name) and (RAW.search(value) or bare)
        if written not in ALLOWED and (raw or RAW_COLOUR.search(value)):
            found.append(written)
    return found


def too_faint(colours: Mapping[str, str]) -> list[str]:
    return [
        f"{name} on {ground}: {ratio:.2f}"
        for pairs, least in ((TEXT, 4.5), (SHAPES, 3.0))
        for name, grounds in pairs.items()
        for ground in grounds
        if (ratio := contrast(colours[name], colours[ground])) < least
    ]


def test_contrast_is_computed_as_defined() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_pair_of_colours_can_be_read(colours: Mapping[str, str]) -> None:
    assert too_faint(colours) == []


def test_paper_can_be_read() -> None:
    for name, ground in (("ink", "paper"), ("muted", "paper"), ("on_deep", "deep")):
        assert contrast(PRINT[name], PRINT[ground]) >= 4.5


def test_a_faint_pair_is_seen() -> None:
    assert too_faint({**LIGHT, "muted": "#8a9a97"}) == [
        f"muted on {ground}: {contrast('#8a9a97', LIGHT[ground]):.2f}"
        for ground in ("paper", "card", "tint")
    ]


def test_every_colour_has_a_pair_or_says_nothing() -> None:
    paired = {*TEXT, *SHAPES} | {
        ground for pairs in (TEXT, SHAPES) for each in pairs.values() for ground in each
    }
    assert {*LIGHT} - paired == {*ORNAMENT} & {*LIGHT}


def test_what_a_rule_writes_on_its_own_ground_is_a_pair() -> None:
    pairs = {(name, ground) for name, grounds in TEXT.items() for ground in grounds}
    for each in PARTS:
        for body in re.findall(r"\{([^{}]*)\}", (CSS / f"{each}.css").read_text(encoding="utf-8")):
            said = dict(declarations(body + ";"))
            colour, ground = (
                re.fullmatch(r"var\(--([\w-]+)\)", said.get(name, ""))
                for name in ("color", "background")
            )
            if colour and ground and "overflow" not in said:  # a bar of progress has no words
                pair = (colour[1].replace("-", "_"), ground[1].replace("-", "_"))
                assert pair in pairs, f"{each}.css: {pair}"


def test_the_dark_scheme_has_a_colour_for_every_ground() -> None:
    dark = design.tokens("tokens-dark")
    assert {*dark} <= {*design.tokens()}
    assert {"paper", "card", "ink", "muted", "link", "accent", "on_accent", "tint", "focus"} <= {
        *dark
    }
    assert {*design.tokens("tokens-print")} <= {*design.tokens()}


@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_off_the_scale(part: str) -> None:
    assert off_the_scale((CSS / f"{part}.css").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "rule",
    [
        "a { color: #fff }",
        "a { margin-block: 0 1.1rem; }",
        "a { padding: calc(3px + var(--space-1)) }",
        "a { font: 700 1.3rem/1.4 var(--mono) }",
        "a { border: 1px solid var(--line) }",
        "a { font-weight: 650 }",
        "a { line-height: 1.45; }",
        "a { fill: rgb(1 2 3) }",
    ],
)
def test_what_is_off_the_scale_is_seen(rule: str) -> None:
    assert len(off_the_scale(rule)) == 1


def test_what_is_on_the_scale_passes() -> None:
    assert (
        off_the_scale("a:hover { margin: 0 auto; gap: var(--space-1) .3em; inline-size: 9rem }")
        == []
    )


def test_every_token_that_is_used_is_there_and_every_one_there_is_used() -> None:
    css = "".join(path.read_text(encoding="utf-8") for path in CSS.glob("*.css"))
    used = {name.replace("-", "_") for name in re.findall(r"var\(--([\w-]+)", css)}
    elsewhere = "".join(
        path.read_text(encoding="utf-8")
        for path in TEMPLATES.rglob("*")
        if path.suffix in {".html", ".typ"}
    )
    used |= {*re.findall(r"colours\.(\w+)", elsewhere)}
    assert used == {*design.tokens()}


def test_chosen_colours_stay_chosen() -> None:
    ways = "".join((CSS / f"{part}.css").read_text(encoding="utf-8") for part in PARTS)
    blocks = re.findall(r"@media \(forced-colors: active\) \{(.*?)(?:\n\}|\} \})", ways, re.DOTALL)
    assert blocks
    for block in blocks:
        tokens = {name.replace("-", "_") for name in re.findall(r"var\(--([\w-]+)\)", block)}
        assert not tokens & {*LIGHT}, block


@pytest.mark.parametrize("folder", ["mail", "print", "public", "staff", "errors", "dev"])
def test_no_template_has_a_colour_of_its_own(folder: str) -> None:
    for path in (TEMPLATES / folder).iterdir():
        found = re.findall(r"(?<!&)#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8"))
        assert not found, path.name


def test_the_mark_has_the_colours_of_the_look() -> None:
    colours = re.findall(r"#[0-9a-fA-F]{3,6}\b", assets.content("favicon.svg").decode())
    assert {*colours} == {LIGHT["deep"], LIGHT["sun"], "#fff"}

"""Every shade of a campaign follows from its accent, and what is written in it can be read."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, strategies as st

from petition.assets import content
from petition.domain.campaigns import colours
from petition.domain.campaigns.colours import ColourRefused, contrast, parsed

AA = 4.5


def _tokens(sheet: str) -> dict[str, tuple[int, int, int]]:
    return {name: parsed(value) for name, value in re.findall(r"--([\w-]+):(#\w{6})", sheet)}


def _schemes(accent: str) -> list[dict[str, tuple[int, int, int]]]:
    """The tokens in light and in dark: where the dark scheme sets none, the light one's hold."""
    light, dark, _print = colours.style_sheet(accent).split("@media")
    return [_tokens(light), _tokens(light) | _tokens(dark)]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(colours.BLACK, colours.WHITE) == pytest.approx(21)
    assert contrast(parsed("#777777"), colours.WHITE) == pytest.approx(4.48, abs=0.005)
    assert contrast(parsed("#0000ff"), parsed("#0000ff")) == 1


@given(st.integers(0, 0xFFFFFF))
def test_whatever_accent_is_taken_can_be_read(number: int) -> None:
    accent = f"#{number:06x}"
    try:
        colours.check_accent(accent)
    except ColourRefused:
        assume(False)
    for ground, found in zip(("#ffffff", "#16221f"), _schemes(accent), strict=True):
        assert contrast(found["on-accent"], found["accent"]) >= AA
        assert contrast(found["link"], parsed(ground)) >= AA
        assert contrast(found["link"], found["tint"]) >= AA
        for band in ("deep", "deep-2"):
            assert contrast(found["on-deep"], found[band]) >= AA
        assert contrast(found["on-deep-muted"], found["deep"]) >= AA
    assert contrast(parsed(colours.of_bands(accent)["deep"]), colours.WHITE) >= AA


@pytest.mark.parametrize("accent", ["#ffc83d", "#8ae3d4", "#ffffff", "#0c8a7f"])
def test_an_accent_that_is_too_light_is_refused_with_its_contrast(accent: str) -> None:
    with pytest.raises(ColourRefused, match=rf"{accent} is too light: .* contrast of \d+\.\d to 1"):
        colours.check_accent(accent)


@pytest.mark.parametrize("text", ["teal", "#0a5", "#0a5f57;}body{display:none", "0a5f57", ""])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ColourRefused, match="takes a colour such as"):
        colours.check_accent(text)


def test_each_token_is_one_that_the_pages_use() -> None:
    site = content("css/site.css").decode()
    for name in set(re.findall(r"--([\w-]+):", colours.style_sheet("#0a5f57"))):
        assert f"var(--{name})" in site, name

"""Colours: every shade of a campaign's pages, made from its one accent, so that all can be read."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

Rgb = tuple[int, int, int]

_WRITTEN: Final = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})\Z")

READABLE: Final = 4.5
"""The contrast that text needs (WCAG 2.2, 1.4.3)."""

WHITE: Final = (255, 255, 255)
BLACK: Final = (0, 0, 0)
LIGHT_PAPER: Final = (244, 246, 244)
"""The darkest ground that a link lies on in the light scheme, but for the accent's own tint."""
DARK_CARD: Final = (22, 34, 31)
"""The lightest ground that a link lies on in the dark scheme, but for the accent's own tint."""

_TINT: Final = 0.08
_DARK_TINT: Final = 0.12
_STEPS: Final = 100


class Theme(StrEnum):
    """Which scheme a page has: the reader's, or one of the two whatever theirs is."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class ColourRefused(ValueError):
    """This is no colour, or text in it could not be read; the message says which."""


def parsed(text: str) -> Rgb:
    """A colour as `#rrggbb`. Raises ColourRefused."""
    found = _WRITTEN.match(text)
    if found is None:
        raise ColourRefused(f'takes a colour such as "#0a5f57", not "{text}"')
    red, green, blue = (int(part, 16) for part in found.groups())
    return red, green, blue


def contrast(one: Rgb, other: Rgb) -> float:
    """From 1 (the same) to 21 (black and white), as WCAG computes it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def check_accent(text: str) -> None:
    """Raises ColourRefused for an accent on which, or in which, text could not be read."""
    accent = parsed(text)
    grounds = (
        ("white text on it", WHITE),
        ("a link in it on the page", LIGHT_PAPER),
        ("a link in it on a tinted box", _mixed(WHITE, accent, _TINT)),
    )
    for what, ground in grounds:
        found = contrast(accent, ground)
        if found < READABLE:
            # Cut, not rounded: 4.49 must not read as 4.5.
            raise ColourRefused(
                f"{text} is too light: {what} has a contrast of {int(found * 10) / 10:.1f} to 1, "
                f"and {READABLE} is the least"
            )


def style_sheet(accent: str, theme: Theme = Theme.AUTO) -> str:
    """The tokens of the theme's schemes for an accent that `check_accent` took."""
    colour = parsed(accent)
    bright = _readable_in_the_dark(colour)
    band = _band(colour)
    light = {
        "accent": colour,
        "accent-hover": _mixed(colour, BLACK, 0.3),
        "on-accent": WHITE,
        "link": colour,
        "tint": _mixed(WHITE, colour, _TINT),
        "deep": band,
        "deep-2": _mixed(band, colour, 0.5),
        "on-deep": WHITE,
        "on-deep-muted": _mixed(band, WHITE, 0.82),
    }
    dark_band = _mixed(band, BLACK, 0.3)
    dark = {
        "accent": bright,
        "accent-hover": _mixed(bright, WHITE, 0.3),
        "on-accent": _mixed(colour, BLACK, 0.75),
        "link": bright,
        "tint": _mixed(DARK_CARD, bright, _DARK_TINT),
        "deep": dark_band,
        "deep-2": _mixed(dark_band, colour, 0.4),
    }
    # `:root:root` rules over the site's own tokens, in whichever order the sheets arrive.
    in_the_dark = f":root:root{{{_declared(dark)}}}"
    return (
        f":root:root{{{_declared(light)}}}"
        + {
            Theme.AUTO: f"@media (prefers-color-scheme:dark){{{in_the_dark}}}",
            Theme.LIGHT: "",
            Theme.DARK: in_the_dark,
        }[theme]
        # On paper a band is white, as the site's own is.
        + "@media print{:root:root{--deep:#fff;--on-deep:#000;--on-deep-muted:#000}}"
    )


def of_bands(accent: str) -> dict[str, str]:
    """The colours of the bands for that accent, as `#rrggbb`: pictures of the campaign use them."""
    band = _band(parsed(accent))
    return {"deep": _written(band), "on_deep": _written(WHITE), "on_deep_muted": _muted_on(band)}


def _band(colour: Rgb) -> Rgb:
    return _mixed(colour, BLACK, 0.35)


def _muted_on(band: Rgb) -> str:
    return _written(_mixed(band, WHITE, 0.82))


def _readable_in_the_dark(colour: Rgb) -> Rgb:
    """The accent, as much lighter as a link needs on the dark scheme's card and tint."""
    for step in range(_STEPS + 1):
        lighter = _mixed(colour, WHITE, step / _STEPS)
        if (
            contrast(lighter, _mixed(DARK_CARD, lighter, _DARK_TINT)) >= READABLE + 1
            and contrast(lighter, _mixed(colour, BLACK, 0.75)) >= READABLE
        ):
            return lighter
    return WHITE


def _declared(tokens: dict[str, Rgb]) -> str:
    return ";".join(f"--{name}:{_written(colour)}" for name, colour in tokens.items())


def _written(colour: Rgb) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


def _mixed(one: Rgb, other: Rgb, part: float) -> Rgb:
    """That part of the other colour, the rest of the first."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

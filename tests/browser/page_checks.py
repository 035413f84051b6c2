"""Looking at one loaded page in every way that people see it: widths, schemes, large text, keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Frame, Page

from tests.browser.keyboard import hold

SMALL: Final = {"width": 320, "height": 640}
LARGE: Final = {"width": 1280, "height": 900}
SIZES: Final = (SMALL, LARGE)
SCHEMES: Final = ("light", "dark")
ONE_SCHEME: Final = {SMALL["width"]: "light", LARGE["width"]: "dark"}

_TUNING: Final = Path(__file__).with_name("axe_tuning.js").read_text(encoding="utf-8")
AXE: Final = f"{Axe().axe_script}\n;{_TUNING}"
"""What defines `axe` in a page."""
_OPTIONS: Final[dict[str, Any]] = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    },
    # Style sheets would be fetched once more; only what plays, or turns with the screen, needs it,
    # and `motion` asks for the one.
    "preload": False,
    # Off unless it is asked for by name.
    "rules": {"target-size": {"enabled": True}},
}
# Wherever the page was left, the strip at its top would lie over what is under it there.
_RUN_AXE: Final = """async options => {
    scrollTo(0, 0);
    return (await axe.run(options)).violations;
}"""
_CHECKS: Final = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
_LOOK: Final = f"{AXE}\n;window.looking = {_CHECKS};"
# All that one width shows, asked for at once: each question by itself goes through three programs.
_AT_ONCE: Final = f"""async options => [
    looking.all(["overflow", "targets"]),
    await ({_RUN_AXE})(options),
    looking.inLargeText(["overflow", "squeezed"]),
]"""
MOST_STOPS: Final = 150


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is shown now."""
    page.evaluate(AXE)
    return [*_axe(page)]


def violations_in(frame: Frame) -> list[str]:
    """What axe finds within a frame of a page."""
    frame.evaluate(AXE)
    return [*_axe(frame)]


def overflows(page: Page) -> int:
    """Pixels that the page is wider than its window."""
    return int(
        page.evaluate(
            "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
        )
    )


def bring_along(context: BrowserContext, *, undrawn: bool = False) -> None:
    """Each page of this context brings along what looks at it, which is half a million letters.

    Where pages are not drawn, what asks for the focus gets it as the look begins.
    """
    focus = "looking.focusAsIfDrawn();" if undrawn else ""
    context.add_init_script(f"window.lookHere = () => {{ {_LOOK} {focus} }};")


def findings(
    page: Page, *, every_scheme: bool, by_keyboard: Sequence[dict[str, int]] = SIZES
) -> Iterator[str]:
    """All that is wrong with a page, each finding with the way of looking that shows it.

    Without every scheme, axe looks at a light phone and a dark desktop: both widths, both schemes.
    """
    if not page.evaluate("window.lookHere && (lookHere(), true)"):
        page.evaluate(_LOOK)
    page.evaluate("looking.watchFocus()")
    yield from _checked(page, "outline", "languages", "tokens", "summary", "motion")
    # Each width once, first that which it has: to lay a page out anew costs as much as most that is
    # asked of it.
    for size in sorted(SIZES, key=lambda each: each != page.viewport_size):
        around = f"{size['width']} px"
        first, *others = SCHEMES if every_scheme else (ONE_SCHEME[size["width"]],)
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=first)  # type: ignore[arg-type]
        laid_out, seen_by_axe, large = page.evaluate(_AT_ONCE, _OPTIONS)
        yield from _named(around, laid_out)
        yield from _named(f"{around}, {first}", _told(seen_by_axe))
        yield from _named(f"{around}, text twice as large", large)
        for scheme in others:
            page.emulate_media(color_scheme=scheme)
            yield from _named(f"{around}, {scheme}", _axe(page))
        if size in by_keyboard:
            yield from _named(f"{around}, by keyboard", _by_keyboard(page))
        if size == LARGE:
            yield from _named("forced colours", _in_forced_colours(page))


def _named(way: str, found: Iterable[str]) -> Iterator[str]:
    return (f"{way}: {each}" for each in found)


def _checked(page: Page, *checks: str) -> Iterator[str]:
    yield from page.evaluate("checks => looking.all(checks)", [*checks])


def _axe(page: Page | Frame) -> Iterator[str]:
    yield from _told(page.evaluate(_RUN_AXE, _OPTIONS))


def _told(violations: list[dict[str, Any]]) -> Iterator[str]:
    for each in violations:
        for node in each["nodes"]:
            yield f"{each['id']}: {each['help']} at {node['target']} {node.get('failureSummary')}"


def _in_forced_colours(page: Page) -> Iterator[str]:
    page.emulate_media(forced_colors="active")
    yield from _checked(page, "palette", "borders")
    page.emulate_media(forced_colors="none")


def _by_keyboard(page: Page) -> Iterator[str]:
    """Tab from the top to the end: each stop shows that it is one, and lies under nothing."""
    # The page is asked where it is only once it should be near its end: asking costs as much again.
    hold(page, "Tab", page.evaluate("looking.beginAtTop()"))
    for _ in range(MOST_STOPS):
        page.keyboard.down("Tab")
        if page.evaluate("looking.isAtTheEnd()"):
            break
    else:
        yield "Tab never came to the end"
    page.keyboard.up("Tab")
    yield from _checked(page, "reached")

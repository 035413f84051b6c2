"""Every page in every state, in every language: WCAG 2.2 AA by axe, and what axe does not see.

Each page is loaded once and looked at on a small phone and on a desk, in light and dark, with text
of twice the size, in forced colours, and by keyboard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from petition import i18n
from tests.browser.looking import LARGE, SMALL, findings
from tests.browser.places import PASSWORD, ROOMS, Ready, Tour, templates
from tests.browser.stand import standing

LANGUAGES = pytest.mark.parametrize("lang", i18n.codes())
PICTURED: Final[dict[str, tuple[Any, Any]]] = {"en": (LARGE, "dark"), "ar": (SMALL, "light")}
"""Languages whose pages are kept as pictures: one of each direction, in two looks."""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    with standing(tmp_path_factory.mktemp("places")) as stand:
        yield Ready(stand, tmp_path_factory.mktemp("calls"))


@pytest.fixture
def visit(chromium: Browser, ready: Ready) -> Iterator[Callable[[str], Page]]:
    """visit(lang) -> a page whose reader asks for that language."""
    contexts: list[BrowserContext] = []

    def open_one(lang: str) -> Page:
        context = chromium.new_context(
            base_url=ready.stand.url,
            viewport=SMALL,  # type: ignore[arg-type]
            locale=lang,
            reduced_motion="reduce",
        )
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


Looking = Callable[[Page, Iterator[str]], list[str]]


@pytest.fixture(scope="module")
def visited() -> set[str]:
    """The templates that were looked at so far."""
    return set()


@pytest.fixture
def look(picture: Callable[[Page, str], None], visited: set[str]) -> Looking:
    """look(page, places): all that is wrong with them."""

    def look(page: Page, tour: Iterator[str]) -> list[str]:
        found, titles = [], {}
        for place in tour:
            lang = page.locator("html").get_attribute("lang")
            if lang in PICTURED:
                size, scheme = PICTURED[lang]
                page.set_viewport_size(size)
                page.emulate_media(color_scheme=scheme)
                name = place.translate(str.maketrans("/: ?=", "-----")).replace(".html", "")
                picture(page, f"{lang}-{name}")
            found += [f"{place}: {each}" for each in findings(page)]
            titles[place] = page.title()
            visited.add(place.partition(":")[0])
        return [*found, *_unclear(titles)]

    return look


def _unclear(titles: dict[str, str]) -> Iterator[str]:
    """Titles that do not tell a page from another, or an error from what it came from."""
    seen: dict[str, str] = {}
    for place, title in titles.items():
        template, _, state = place.partition(".html")
        if not title.strip():
            yield f"{place}: no title"
        if "errors" in state and title == titles[f"{template}.html"]:
            yield f"{place}: the title does not say that something is wrong: {title}"
        if seen.setdefault(title, template) != template:
            yield f"{place}: the title is that of {seen[title]}: {title}"


@LANGUAGES
def test_every_public_page(
    ready: Ready, visit: Callable[[str], Page], look: Looking, lang: str
) -> None:
    page = visit(lang)
    found = look(page, Tour(ready, page, lang).everywhere())
    assert not found, "\n".join(found)


@LANGUAGES
def test_the_way_into_the_console(
    ready: Ready, visit: Callable[[str], Page], look: Looking, lang: str
) -> None:
    page = visit(lang)
    found = look(page, Tour(ready, page, lang).console_from_outside())
    assert not found, "\n".join(found)


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, ready: Ready) -> list[dict[str, object]]:
    """The cookies of somebody who has just set up their account."""
    context = chromium.new_context(base_url=ready.stand.url)
    page = context.new_page()
    page.goto(ready.stand.invite("owner"))
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").click()
    page.wait_for_url("**/staff/")
    cookies = [dict(each) for each in context.cookies()]
    context.close()
    return cookies


@LANGUAGES
def test_every_page_of_the_console(
    ready: Ready,
    visit: Callable[[str], Page],
    signed_in: list[dict[str, object]],
    look: Looking,
    lang: str,
) -> None:
    page = visit(lang)
    page.context.add_cookies(signed_in)  # type: ignore[arg-type]
    found = look(page, Tour(ready, page, lang).console())
    assert not found, "\n".join(found)


def test_the_mailbox_of_development(
    ready: Ready, visit: Callable[[str], Page], look: Looking
) -> None:
    page = visit("en")
    found = look(page, Tour(ready, page, "en").mailbox())
    assert not found, "\n".join(found)


def test_no_page_is_left_out(visited: set[str]) -> None:
    rooms = {template.partition("/")[0] for template in visited}
    if rooms < ROOMS:
        pytest.skip("the pages were not all looked at")
    assert templates() - visited == set()

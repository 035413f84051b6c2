"""What a browser knows of languages agrees with ours; the language menu works on a small phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel import Locale
from playwright.sync_api import Browser, Page, expect

from petition import i18n
from tests.browser import actions
from tools.countries import CannotSort, in_order

SHIPPED = ("en", "fr", "es", "de", "it", "pl", "ar")
CODES = sorted({*SHIPPED, *i18n.codes()})
SMALL = {"width": 320, "height": 640}

# Links that do not lie in the window, on top of all else, to the middle of each of their edges (the
# corners are round), or are smaller than a finger wants.
OUT_OF_REACH = """links => links.filter((each) => {
    const { x, y, left, right, top, bottom, width, height } = each.getBoundingClientRect();
    const [across, down] = [x + width / 2, y + height / 2];
    const edges = [[left + 1, down], [right - 1, down], [across, top + 1], [across, bottom - 1]];
    const whole = edges.every(([x, y]) => each.contains(document.elementFromPoint(x, y)));
    return !whole || width < 24 || height < 24;
}).map((each) => each.textContent)"""
WRITE = "([numbers, code]) => numbers.map(n => new Intl.NumberFormat(code).format(n))"


@pytest.fixture(scope="module")
def blank(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("code", CODES)
def test_countries_are_listed_as_the_browser_sorts_them(blank: Page, code: str) -> None:
    listed = [country for country, _ in i18n.language(code).countries()]
    assert listed == in_order(blank, code), "./run countries writes the list anew"


def test_a_language_that_the_browser_cannot_sort_is_named(blank: Page) -> None:
    with pytest.raises(CannotSort, match="cannot sort ia"):
        in_order(blank, "ia")


@pytest.mark.parametrize("code", CODES)
def test_numbers_are_written_as_the_browser_writes_them(blank: Page, code: str) -> None:
    numbers = [0, 7, 999, 1000, 9999, 10_000, 123_456, 1_234_567]
    language = i18n.Language(code, Locale.parse(code), i18n.NullTranslations())
    assert [language.number(n) for n in numbers] == blank.evaluate(WRITE, [numbers, code])


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_menu_on_a_small_phone(open_page: Any, script: bool) -> None:
    page = open_page(phone=True, script=script)
    page.set_viewport_size(SMALL)
    for code in i18n.codes():
        page.goto(f"/{code}/amazon?source=ituc")
        button = page.locator(".languages button")
        links = page.locator(".languages a")
        assert page.locator(".site-header").bounding_box()["height"] <= SMALL["height"] / 4
        expect(button).to_have_text(i18n.language(code).own_name)
        expect(links.first).to_be_hidden()
        button.focus()
        page.keyboard.press("Enter")
        expect(links.last).to_be_visible()
        assert links.evaluate_all(OUT_OF_REACH) == []
        page.keyboard.press("Escape")
        expect(links.first).to_be_hidden()
        expect(button).to_be_focused()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("code", ["en", "ar"])
def test_the_menu_by_keyboard(open_page: Any, code: str, script: bool) -> None:
    page = open_page(phone=True, script=script, locale=code)
    page.set_viewport_size(SMALL)
    page.goto(f"/{code}/amazon?source=ituc")
    links = page.locator(".languages a")
    page.locator(".languages button").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(links.first).to_be_focused()
    target = links.nth(1)
    wanted = target.get_attribute("lang")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/{wanted}/amazon\?source=ituc$"))
    expect(page.locator("html")).to_have_attribute("lang", wanted)


def test_the_menu_on_a_desktop_is_open(instance: Any, open_page: Any) -> None:
    page = open_page()
    actions.open_park(instance)
    page.goto("/en/park")
    expect(page.locator(".languages")).to_have_count(0)  # there is nothing to choose
    for code in i18n.codes():
        page.goto(f"/{code}/amazon")
        expect(page.locator(".languages button")).to_be_hidden()
        links = page.locator(".languages a")
        expect(links).to_have_count(len(i18n.codes()))
        expect(links.last).to_be_visible()
        assert links.evaluate_all(OUT_OF_REACH) == []

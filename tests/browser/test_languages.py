"""What a browser knows of languages agrees with ours; the language menu works on a small phone."""

from __future__ import annotations

import random
import re
import unicodedata
from typing import Any

import pytest
from babel import Locale
from playwright.sync_api import Browser, Page, expect

from petition import i18n
from petition.collation import TAILORED, sort_key

SHIPPED = ("en", "fr", "es", "de", "it", "pl", "ar")
CODES = sorted({*SHIPPED, *i18n.codes()})
SMALL = {"width": 320, "height": 640}

SORT = """([names, code]) => {
    const order = new Intl.Collator(code);
    return [order.resolvedOptions().locale, [...names].sort(order.compare)];
}"""
WRITE = "([numbers, code]) => numbers.map(n => new Intl.NumberFormat(code).format(n))"


@pytest.fixture(scope="module")
def blank(chromium: Browser) -> Page:
    return chromium.new_page()


def names_of(code: str) -> list[str]:
    territories = Locale.parse(code).territories
    return sorted({territories.get(country, country) for country in i18n.COUNTRIES})


def made_up(code: str) -> list[str]:
    """Words of the language's letters and signs, which try the order harder than countries do."""
    chance = random.Random(code)
    rules = "".join(TAILORED.get(code, ())).replace("<", "")
    letters = sorted({*"".join(names_of(code)), *rules, *" -'’.,()"})
    words = {"".join(chance.choices(letters, k=chance.randint(1, 5))) for _ in range(4000)}
    # A mark at the beginning stands on no letter.
    return sorted(word for word in words if not unicodedata.combining(word[0]))


@pytest.mark.parametrize("names", [names_of, made_up], ids=["countries", "made up"])
@pytest.mark.parametrize("code", CODES)
def test_names_are_sorted_as_the_browser_sorts_them(blank: Page, code: str, names: Any) -> None:
    ours = sorted(names(code), key=lambda name: sort_key(name, code))
    spoken, theirs = blank.evaluate(SORT, [names(code), code])
    assert spoken == code, f"this browser cannot sort {code}"
    assert ours == theirs


@pytest.mark.parametrize("code", CODES)
def test_numbers_are_written_as_the_browser_writes_them(blank: Page, code: str) -> None:
    numbers = [0, 7, 999, 1000, 9999, 10_000, 123_456, 1_234_567]
    language = i18n.Language(code, Locale.parse(code), i18n.NullTranslations())
    assert [language.number(n) for n in numbers] == blank.evaluate(WRITE, [numbers, code])


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("code", i18n.codes())
def test_the_menu_on_a_small_phone(stand: Any, open_page: Any, code: str, script: bool) -> None:
    page = open_page(phone=True, script=script, locale=code)
    page.set_viewport_size(SMALL)
    page.goto(f"/{code}/amazon?source=ituc")
    button = page.locator(".languages button")
    links = page.locator(".languages a")
    assert page.locator(".site-header").bounding_box()["height"] <= SMALL["height"] / 4
    expect(button).to_have_text(i18n.language(code).own_name)
    expect(links.first).to_be_hidden()

    button.focus()
    page.keyboard.press("Enter")
    for link in links.all():
        expect(link).to_be_in_viewport(ratio=1)
        box = link.bounding_box()
        assert box["height"] >= 24
        assert box["width"] >= 24
    page.keyboard.press("Escape")
    expect(links.first).to_be_hidden()
    expect(button).to_be_focused()

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(links.first).to_be_focused()
    target = links.nth(1)
    wanted = target.get_attribute("lang")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/{wanted}/amazon\?source=ituc$"))
    expect(page.locator("html")).to_have_attribute("lang", wanted)


@pytest.mark.parametrize("code", i18n.codes())
def test_the_menu_on_a_desk_stands_open(stand: Any, open_page: Any, code: str) -> None:
    page = open_page(locale=code)
    page.goto(f"/{code}/amazon")
    expect(page.locator(".languages button")).to_be_hidden()
    for link in page.locator(".languages a").all():
        expect(link).to_be_in_viewport(ratio=1)
        assert link.bounding_box()["height"] >= 24

"""One's own signature by keyboard alone: corrected, withdrawn and back, held with its reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import people
from tests.browser import actions
from tests.browser.conftest import Opening
from tests.browser.instance import Instance
from tests.browser.keyboard import follow, tab_to
from tests.browser.page_checks import findings


@pytest.mark.parametrize(("lang", "number"), [("en", 701), ("ar", 702)])
def test_by_keyboard_and_without_a_script(
    instance: Instance,
    open_page: Opening,
    take_picture: Callable[[Page, str], None],
    lang: str,
    number: int,
) -> None:
    form = people.someone(number, visibility="public")
    actions.sign(instance, form, lang)
    link = actions.confirm(instance, form["email"]).link("/my/")
    page = open_page(phone=True, script=False)
    looker = open_page(phone=True)  # axe needs scripts
    page.goto(link)
    take_picture(page, f"my-signature-{lang}")
    focused = [_next(page) for _ in range(4)]
    assert "withdraw-button" not in focused, "it is not what one meets first"

    tab_to(page, "#country")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")  # the list begins with no country
    chosen = page.locator("#country").input_value()
    assert chosen not in {"", form["country"]}
    tab_to(page, "#comment")
    page.keyboard.type("For all of us.")
    follow(page, "#name-button")
    expect(page.locator(".done")).to_be_visible()
    expect(page.locator("#country")).to_have_value(chosen)
    expect(page.locator("#comment")).to_have_value("For all of us.")
    take_picture(page, f"my-signature-{lang}-corrected")

    follow(page, "#withdraw-button")
    take_picture(page, f"my-signature-{lang}-withdrawn")
    _nothing_is_wrong(looker, page.url)
    follow(page, "#undo-button")
    expect(page.locator("#withdraw-button")).to_have_count(1)

    ids = instance.rows("SELECT max(id) FROM signatures")
    instance.petition("signature", "hold", str(ids[0][0]), "--reason", "many-alike")
    page.goto(link)
    take_picture(page, f"my-signature-{lang}-held")
    _nothing_is_wrong(looker, page.url)


def _nothing_is_wrong(page: Page, address: str) -> None:
    page.goto(address)
    assert not (found := list(findings(page, every_scheme=False))), "\n".join(found)


def _next(page: Page) -> str:
    page.keyboard.press("Tab")
    return str(page.evaluate("document.activeElement.id"))

"""The form for people at risk in a browser: questions by keyboard, a way out that hides nothing."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.keyboard import hold, unfold

LANGUAGES = pytest.mark.parametrize("lang", ["en", "ar"])
SCRIPTS = pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
STOPS = 40
TELLING = "BER3, 482913, +49 170 1234567, sam@example.org"

# How far the focused element reaches out from under what lies on top of the page.
UNCOVERED = """() => {
    const box = document.activeElement.getBoundingClientRect();
    const exit = document.querySelector(".exit").getBoundingClientRect();
    return Math.min(box.bottom, innerHeight) - Math.max(box.top, exit.bottom);
}"""
# From here on, whatever gets the focus is looked at as it gets it: how many there were, and what is
# called so was not to be seen, as another thing lay on it.
WATCH = f"""() => {{
    window.stops = 0;
    window.hidden = [];
    document.addEventListener("focusin", () => {{
        const at = document.activeElement;
        window.stops += 1;
        if (at.closest(".exit, .skip, body:focus") !== null) return;
        if (({UNCOVERED})() <= 0) hidden.push(at.id || at.className || at.tagName);
    }});
}}"""


def fill_in(page: Page, lang: str, email: str, comment: str = "") -> None:
    page.goto(f"/{lang}/amazon")
    page.locator("#given_name").fill("Ben")
    page.locator("#email").fill(email)
    page.locator("#country").select_option("NG")
    unfold(page)
    page.locator("#comment").fill(comment)
    page.locator("#updates").check()
    page.locator("#agree").check()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.className"))


@SCRIPTS
@LANGUAGES
def test_by_keyboard_what_was_typed_stays(
    instance: Any, open_page: Any, lang: str, script: bool
) -> None:
    email = f"as-typed.{lang}.{int(script)}@gmial.com"
    page = open_page(phone=True, script=script, locale=lang)
    fill_in(page, lang, email, TELLING)
    page.locator("#email").press("Enter")
    summary = page.locator(".error-summary")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_count(2)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert focused(page) == "email"
    assert page.evaluate(UNCOVERED) > 0
    said = (page.locator("#email").get_attribute("aria-describedby") or "").split()
    assert "gmail.com" in " ".join(page.locator(f"#{each}").inner_text() for each in said)
    page.keyboard.press("Enter")  # in the field: the form's own button, not the one that offers
    page.wait_for_url(f"**/{lang}/amazon/thanks")
    instance.letter(email, "/confirm/")


@SCRIPTS
@LANGUAGES
def test_by_keyboard_what_was_offered_is_taken_up(
    instance: Any, open_page: Any, lang: str, script: bool
) -> None:
    page = open_page(phone=True, script=script, locale=lang)
    fill_in(page, lang, f"taken-up.{lang}.{int(script)}@hotmial.com")
    page.locator("#sign-button").press("Enter")
    page.locator(".error-summary a").press("Enter")
    assert focused(page) == "email"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "use_email"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/amazon/thanks")
    instance.letter(f"taken-up.{lang}.{int(script)}@hotmail.com", "/confirm/")
    assert instance.letters("@hotmial.com") == []


def test_her_employers_address_is_turned_down_without_scripts(open_page: Any) -> None:
    page = open_page(phone=True, script=False)
    fill_in(page, "en", "wanda@amazon.example.org")
    page.locator("#sign-button").click()
    expect(page.locator("#email-problem")).to_contain_text("employer")
    expect(page.locator("#email")).to_have_value("wanda@amazon.example.org")
    page.locator("#email").fill("wanda.z@example.net")
    page.locator("#email").press("Enter")
    page.wait_for_url("**/en/amazon/thanks")


@LANGUAGES
def test_the_way_out_is_always_there_and_lies_on_nothing(open_page: Any, lang: str) -> None:
    page = open_page(phone=True, locale=lang)
    page.goto(f"/{lang}/amazon")
    exit_ = page.locator(".quick-exit")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(exit_).to_be_focused()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(exit_).to_be_in_viewport(ratio=1)
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(WATCH)
    hold(page, "Tab", STOPS)
    page.keyboard.down("Shift")
    hold(page, "Tab", STOPS)
    page.keyboard.up("Shift")
    watched, hidden = page.evaluate("[stops, hidden]")
    assert watched >= 2 * STOPS - 2, "where the page ends, nothing has the focus"
    assert hidden == []

"""A signature's whole way by keyboard alone: from the right on a phone, from the left at a desk."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import people
from tests.browser import actions
from tests.browser.instance import Instance
from tests.browser.keyboard import follow, sign_by_keyboard, tab_to

FORMS = {"en": people.cora, "ar": people.amina}


def open_letter(page: Page, email: str, prefix: str) -> None:
    """In the mailbox: the newest letter to that address, and the link in it."""
    page.goto("/dev/outbox")
    name = page.locator(".letters li", has_text=email).first.locator("a").get_attribute("href")
    follow(page, f"a[href='{name}']")
    follow(page, f"a[href*='{prefix}']")


def change_language(page: Page, lang: str, *, phone: bool, before: str = "fr") -> None:
    page.goto(f"/{before}/amazon")
    if phone:
        tab_to(page, ".languages button")
        page.keyboard.press("Enter")
    follow(page, f".languages a[hreflang={lang}]")
    expect(page.locator("html")).to_have_attribute("lang", lang)


def sign_after_a_slip(page: Page, form: dict[str, str], lang: str) -> None:
    """Press too early, be told, go to the field by the summary's link, and fill all in."""
    follow(page, "#sign-button")
    expect(page.locator(".error-summary")).to_be_focused()
    tab_to(page, ".error-summary a")
    page.keyboard.press("Enter")
    expect(page.locator("#given_name")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    sign_by_keyboard(page, form)
    page.wait_for_url(f"**/{lang}/amazon/thanks")


def ask_again(page: Page, email: str) -> None:
    tab_to(page, "#email")
    page.keyboard.type(email)
    page.keyboard.press("Enter")
    page.wait_for_url("**/asked")


@pytest.mark.parametrize(("lang", "phone"), [("ar", True), ("en", False)])
def test_all_of_it(
    instance: Instance,
    open_page: Callable[..., Page],
    picture: Callable[[Page, str], None],
    lang: str,
    phone: bool,
) -> None:
    email = f"keys.{lang}.{int(phone)}@example.org"
    form = FORMS[lang] | {"email": email, "visibility": "target"}
    form.pop("comment", None)
    page = open_page(phone=phone, locale=lang)
    name = f"keyboard-{lang}-{'phone' if phone else 'desktop'}"

    change_language(page, lang, phone=phone)
    sign_after_a_slip(page, form, lang)
    instance.letter(email, "/confirm/")
    ask_again(page, email)
    instance.letter(email, "/confirm/", 2)
    open_letter(page, email, "/confirm/")
    picture(page, f"{name}-confirm")
    follow(page, "main form button")
    page.wait_for_url(f"**/{lang}/amazon/confirmed")

    instance.letter(email, "/my/")
    open_letter(page, email, "/my/")
    expect(page.locator("input[name=visibility][value=target]")).to_be_checked()
    tab_to(page, "input[name=visibility]")
    page.keyboard.press("ArrowDown")
    follow(page, "#choices-button")
    expect(page.locator(".done")).to_be_visible()
    expect(page.locator("input[name=visibility][value=public]")).to_be_checked()
    follow(page, "#withdraw-button")
    expect(page.locator(".done")).to_be_visible()
    picture(page, f"{name}-withdrawn")

    follow(page, "a.button[href$='#sign']")
    sign_by_keyboard(page, form)
    instance.letter(email, "/confirm/", 3)
    open_letter(page, email, "/confirm/")
    follow(page, "main form button")
    instance.letter(email, "/my/", 2)
    open_letter(page, email, "/my/")
    tab_to(page, "#sure")
    page.keyboard.press("Space")
    follow(page, "#erase-button")
    expect(page.locator("h1")).to_be_visible()
    assert page.locator("form").count() == 0, "there is nothing left to change"
    picture(page, f"{name}-erased")


def test_a_campaign_of_another_kind(instance: Instance, open_page: Callable[..., Page]) -> None:
    """In one language, with nobody at risk: nothing to pass on the way that is not there."""
    actions.open_park(instance)
    form = FORMS["en"] | {"email": "keys.park@example.org"}
    page = open_page(phone=True)
    page.goto("/en/park")
    sign_by_keyboard(page, form)
    page.wait_for_url("**/en/park/thanks")
    instance.letter(form["email"], "/confirm/")
    open_letter(page, form["email"], "/confirm/")
    follow(page, "main form button")
    page.wait_for_url("**/en/park/confirmed")


def test_the_first_tab_skips_to_the_content(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/en/amazon")
    tab_to(page, ".skip")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_what_was_typed_is_still_there_beside_what_is_wrong(
    open_page: Callable[..., Page],
) -> None:
    page = open_page(phone=True)
    page.goto("/en/amazon")
    tab_to(page, "#email")
    page.keyboard.type("not an address")
    tab_to(page, "#agree")
    page.keyboard.press("Space")
    follow(page, "#sign-button")
    expect(page.locator(".error-summary")).to_be_focused()
    email = page.locator("#email")
    expect(email).to_have_value("not an address")
    expect(page.locator("#agree")).to_be_checked()
    expect(email).to_have_attribute("aria-invalid", "true")
    described = (email.get_attribute("aria-describedby") or "").split()
    said = " ".join(page.locator(f"#{each}").inner_text() for each in described)
    assert "email address" in said


def test_the_consoles_way_in_leads_to_what_is_wrong(
    instance: Instance, open_page: Callable[..., Page]
) -> None:
    """By the browser itself: the walk through every page has one that draws nothing."""
    page = open_page()
    page.goto("/staff/sign-in")
    page.locator("#email").fill("nobody@example.org")
    page.locator("#password").fill("a wrong password")
    page.keyboard.press("Enter")
    expect(page.locator(".error-summary")).to_be_focused()

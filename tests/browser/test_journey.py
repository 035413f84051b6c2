"""One signature's whole way in a browser: by keyboard, on a phone, in Arabic, without scripts."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

PASSWORD = "a long walk by the river"


def focused(page: Page) -> str:
    """The id of what has the keyboard."""
    return str(page.evaluate("document.activeElement.id"))


def tab_to(page: Page, target: str, most: int = 40) -> None:
    """Press Tab until the element has the focus, and see that the focus shows."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if focused(page) == target:
            return
    raise AssertionError(f"Tab never reached {target}")


def read_count(page: Page) -> int:
    """The count as the progress bar has it; in words it may be without a digit."""
    return int(page.locator(".count progress").get_attribute("value") or "")


def confirmed(stand: Any) -> int:
    """The count as `petition count` says it, folded up to now."""
    stand.petition("worker", "--once")
    return int(json.loads(stand.petition("count", "amazon", "--format", "json"))["confirmed"])


def sign_by_keyboard(page: Page, lang: str, email: str) -> None:
    page.goto(f"/{lang}/amazon")
    tab_to(page, "given_name")
    page.keyboard.type("أمينة" if lang == "ar" else "Amina")
    tab_to(page, "family_name")
    page.keyboard.type("بن يوسف" if lang == "ar" else "Ben Youssef")
    tab_to(page, "email")
    page.keyboard.type(email)
    tab_to(page, "country")
    place = "[...document.activeElement.options].findIndex(option => option.value === 'MA')"
    for _ in range(page.evaluate(place)):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#country")).to_have_value("MA")
    tab_to(page, "visibility")
    page.keyboard.press("ArrowDown")
    tab_to(page, "updates")
    page.keyboard.press("Space")
    tab_to(page, "agree")
    page.keyboard.press("Space")
    tab_to(page, "sign-button")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/amazon/thanks")


def open_letter(page: Page, email: str) -> None:
    page.goto("/dev/outbox")
    page.locator(".letters li", has_text=email).get_by_role("link").click()
    page.get_by_role("link", name="Open the link").click()
    page.wait_for_url("**/confirm/**")


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("lang", ["ar", "en"])
def test_sign_confirm_be_counted(
    stand: Any, open_page: Any, picture: Any, lang: str, script: bool
) -> None:
    email = f"journey.{lang}.{int(script)}@example.org"
    page = open_page(phone=True, script=script, locale=lang)
    before = confirmed(stand)
    if script:
        sign_by_keyboard(page, lang, email)
    else:
        page.goto(f"/{lang}/amazon")
        page.locator("#given_name").fill("Amina")
        page.locator("#email").fill(email)
        page.locator("#country").select_option("MA")
        page.locator("#visibility-target").check()
        page.locator("#updates-yes").check()
        page.locator("#agree").check()
        page.locator("#sign-button").click()
        page.wait_for_url(f"**/{lang}/amazon/thanks")
    stand.petition("worker", "--once")
    open_letter(page, email)
    assert page.locator("html").get_attribute("lang") == lang
    assert confirmed(stand) == before, "opening the link must not count"
    page.locator("main form button").press("Enter")
    page.wait_for_url(f"**/{lang}/amazon/confirmed")
    assert confirmed(stand) == before + 1
    page.wait_for_timeout(6_000)  # pages are made anew every five seconds
    page.goto(f"/{lang}/amazon")
    page.reload()  # the browser may keep the page that it has for twenty seconds
    assert read_count(page) == before + 1
    assert page.context.cookies() == []
    picture(page, f"journey-{lang}-{'scripts' if script else 'plain'}")


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
def test_staff_take_the_list_out(
    stand: Any, open_page: Any, picture: Any, script: bool, tmp_path: Any
) -> None:
    email = f"listed.{int(script)}@example.org"
    page = open_page(script=script)
    page.goto("/en/amazon")
    for name, value in (("given_name", "=1+1"), ("email", email), ("comment", "<b>hi</b>, all")):
        page.locator(f"#{name}").fill(value)
    page.locator("#given_name").fill("Zoë")
    page.locator("#country").select_option("FR")
    page.locator("#updates").check()
    page.locator("#agree").check()
    page.locator("#sign-button").click()
    page.wait_for_url("**/thanks")
    stand.petition("worker", "--once")
    open_letter(page, email)
    page.locator("main form button").click()
    page.wait_for_url("**/confirmed")

    # The link that the start printed works once; later tests of this server get one of their own.
    link = stand.set_up_link if script else stand.invite("exporter")
    staff = open_page(script=script)
    staff.goto(link)
    staff.locator("#password").fill(PASSWORD)
    staff.get_by_role("button", name="Set the password").click()
    staff.wait_for_url("**/staff/")
    staff.get_by_role("link", name="amazon").click()
    staff.locator("#reason").fill("to hand it over")
    with staff.expect_download() as download:
        staff.get_by_role("button", name="Download").click()
    file = tmp_path / "list.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8", newline="") as lines:
        found = [row for row in csv.DictReader(lines) if row["email"] == email]
    assert len(found) == 1
    assert (found[0]["given_name"], found[0]["comment"]) == ("Zoë", "<b>hi</b>, all")
    staff.reload()
    ledger = staff.locator("section", has=staff.locator("#ledger-heading"))
    expect(ledger).to_contain_text("to hand it over")
    picture(staff, f"journey-export-{'scripts' if script else 'plain'}")
    staff.goto(link)
    expect(staff.locator("h1")).to_have_text("Nothing here")


def test_errors_take_the_keyboard_to_the_field(open_page: Any) -> None:
    page = open_page(phone=True)
    page.goto("/en/amazon")
    page.locator("#email").fill("not an address")
    page.locator("#agree").check()
    page.locator("#sign-button").press("Enter")
    summary = page.locator(".error-summary")
    expect(summary).to_be_focused()
    assert page.locator("#email").input_value() == "not an address"
    assert page.locator("#agree").is_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert focused(page) == "given_name"
    assert page.locator("#given_name").get_attribute("aria-invalid") == "true"
    described = page.locator("#email").get_attribute("aria-describedby") or ""
    said = " ".join(page.locator(f"#{each}").inner_text() for each in described.split())
    assert "email address" in said


def test_the_first_tab_skips_to_the_content(open_page: Any) -> None:
    page = open_page()
    page.goto("/en/amazon")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert focused(page) == "main"

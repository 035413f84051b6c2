"""Staff's second factor in a browser without scripts: set up, asked for again, without a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.instance import Instance
from tests.browser.staff import PASSWORD

Picture = Callable[[Page, str], None]
EMAIL = "phone@campaign.example.org"
STALE = "UPDATE staff_sessions SET second_factor_at = '2020-01-01 00:00:00.000000'"


def test_from_the_link_to_a_list_without_a_phone(
    instance: Instance, open_page: Callable[..., Any], picture: Picture
) -> None:
    page = open_page(script=False)
    page.goto(instance.invite("exporter", EMAIL))
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Set up your second factor")
    # On one's own machine the page says what an app would show.
    page.locator("#code").fill(page.locator("#code-now").inner_text())
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Your recovery codes")
    codes = page.locator(".recovery-codes code").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    page.locator("header form button").click()

    page.locator("#email").fill(EMAIL)
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#code").fill(codes[0])
    page.keyboard.press("Enter")
    page.locator("a[href='/staff/campaigns/amazon']").click()

    instance.rows(STALE)
    page.locator("#reason").fill("to <b>hand over</b>")
    page.get_by_role("button", name="Make the CSV file").click()
    expect(page.locator("h1")).to_have_text("Please type a code once more")
    picture(page, "second-factor-again")
    page.locator("#code").fill(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("used already")
    page.locator("#code").fill(codes[1])
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Download the CSV file")).to_be_visible()
    found = instance.rows("SELECT reason FROM exports ORDER BY id DESC LIMIT 1")
    assert found == [("to <b>hand over</b>",)]

"""The email action in a browser: from left and from right, on a phone and a desk, with and without
scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import people
from tests.browser.instance import Instance
from tests.browser.keyboard import press

Opening = Callable[..., Page]


def fill_in(page: Page, email: str) -> None:
    """Questions answered, one target by chance; what was typed stays while targets are picked."""
    page.locator("#answer_1").fill("My own words.")
    press(page, "button[value=one]")
    expect(page.locator("input[name=to]:checked")).to_have_count(1)
    expect(page.locator("#answer_1")).to_have_value("My own words.")
    press(page, "button[value=all]")
    expect(page.locator("input[name=to]:checked")).to_have_count(3)
    page.locator("#given_name").fill(people.amina["given_name"])
    page.locator("#email").fill(email)
    page.locator("#country").select_option("FR")
    page.locator("#shown_as-first_name").check()


def preview(page: Page) -> None:
    press(page, "#send-button")
    expect(page.get_by_text("My own words.", exact=True)).to_have_count(0)
    expect(page.locator("p.lines").first).to_contain_text("My own words.")
    expect(page.locator("dl.facts").first).to_contain_text(people.amina["given_name"])


def confirm(instance: Instance, page: Page, email: str, done: str) -> None:
    page.goto(instance.letter(email, "/confirm/").link("/confirm/"))
    expect(page.locator("blockquote").first).to_contain_text("My own words.")
    press(page, "#confirm-button")
    page.wait_for_url(f"**/{done}")


def states(instance: Instance) -> list[tuple[Any, ...]]:
    """Of the newest signature, and of its messages."""
    instance.petition("worker", "--once")
    return instance.rows(
        "SELECT signatures.state, messages.state, count(*) FROM messages JOIN signatures"
        " ON signatures.id = signature_id WHERE signature_id = (SELECT max(id) FROM signatures)"
        " GROUP BY 1, 2"
    )


@pytest.mark.parametrize(("lang", "phone", "script"), [("ar", True, False), ("en", False, True)])
def test_who_writes_and_signs(
    instance: Instance, open_page: Opening, lang: str, phone: bool, script: bool
) -> None:
    page = open_page(phone=phone, script=script, locale=lang)
    email = f"writes.{lang}@example.org"
    page.goto(f"{instance.url}/{lang}/amazon/message")
    fill_in(page, email)
    page.locator("#updates").check()
    page.locator("#agree").check()
    preview(page)
    press(page, "#send-button")
    page.wait_for_url(f"**/{lang}/amazon/message/waiting")
    confirm(instance, page, email, f"{lang}/amazon/confirmed")
    assert states(instance) == [("confirmed", "sent", 3)]


@pytest.mark.parametrize(("lang", "phone", "script"), [("en", True, False), ("ar", False, True)])
def test_who_only_writes(
    instance: Instance, open_page: Opening, lang: str, phone: bool, script: bool
) -> None:
    page = open_page(phone=phone, script=script, locale=lang)
    email = f"only.writes.{lang}@example.org"
    before = instance.confirmed()
    page.goto(f"{instance.url}/{lang}/amazon/message")
    fill_in(page, email)
    press(page, "button[name=signs][value=no]")
    page.locator("#writing_consent").check()
    preview(page)
    press(page, "#send-button")
    confirm(instance, page, email, f"{lang}/amazon/message/thanks")
    assert states(instance) == [("writer", "sent", 3)]
    assert instance.confirmed() == before


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
def test_ones_own_mailbox(instance: Instance, open_page: Opening, script: bool) -> None:
    page = open_page(phone=script, script=script, locale="en")
    page.goto(f"{instance.url}/en/amazon/message")
    page.locator("#message_subject").fill("A subject of mine")
    press(page, "button[formaction$='/own']")
    expect(page.locator("#own_subject")).to_have_value("A subject of mine")
    copying = page.get_by_role("button", name="Copy: Subject")
    if script:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        copying.click()
        expect(page.get_by_text("Copied.")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == "A subject of mine"
    else:
        expect(copying).to_have_count(0)
        page.locator("#own_subject").select_text()
    press(page, "form[action$='/own/sent'] button")
    page.wait_for_url("**/en/amazon/message/thanks")

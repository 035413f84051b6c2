"""The whole way without scripts, from left and from right, and what staff take out at its end."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import people
from tests.browser import actions
from tests.browser.instance import Instance
from tests.browser.keyboard import press, sign
from tests.browser.staff import come_in

Opening = Callable[..., Page]
Picture = Callable[[Page, str], None]


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_without_scripts(
    instance: Instance, open_page: Opening, picture: Picture, lang: str
) -> None:
    sign_and_erase(instance, open_page(phone=True, script=False, locale=lang), picture, lang)


def sign_and_erase(instance: Instance, page: Page, picture: Picture, lang: str) -> None:
    """From the form to the erasure, on a page whose browser runs no scripts."""
    form = people.amina | {"email": f"journey.{lang}@example.org", "visibility": "target"}
    before = instance.confirmed()
    sign(page, form, lang)
    page.goto(instance.letter(form["email"], "/confirm/").link("/confirm/"))
    expect(page.locator("html")).to_have_attribute("lang", lang)
    assert instance.confirmed() == before, "opening the link must not count"
    press(page, "#confirm-button")
    page.wait_for_url(f"**/{lang}/amazon/confirmed")
    picture(page, f"plain-{lang}-confirmed")

    page.goto(instance.letter(form["email"], "/my/").link("/my/"))
    picture(page, f"plain-{lang}-my-signature")
    page.locator("input[name=updates][value=no]").check()
    press(page, "#choices-button")
    expect(page.locator("input[name=updates][value=no]")).to_be_checked()
    page.locator("#family_name").fill("بنت يوسف")
    press(page, "#name-button")
    expect(page.locator(".facts").first).to_contain_text("بنت يوسف")
    assert instance.confirmed() == before + 1
    press(page, "#withdraw-button")
    expect(page.locator("#withdraw-button")).to_have_count(0)
    assert instance.confirmed() == before

    page.locator("#sure").check()
    press(page, "#erase-button")
    expect(page.locator("main form")).to_have_count(0)
    assert page.context.cookies() == []


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
def test_staff_take_the_list_out(
    instance: Instance, open_page: Opening, picture: Picture, script: bool, tmp_path: Path
) -> None:
    form = people.ben | {
        "given_name": "Zoë",
        "email": f"listed.{int(script)}@example.org",
        "comment": "<b>hi</b>, all",
    }
    actions.sign(instance, form)
    actions.confirm(instance, form["email"])

    # The link that the start printed works once; later tests of this server get one of their own.
    link = instance.set_up_link if script else instance.invite("exporter")
    staff = open_page(script=script)
    come_in(staff, link)
    staff.locator("a[href='/staff/campaigns/amazon']").click()
    staff.locator("#reason").fill("to hand it over")
    staff.get_by_role("button", name="Make the CSV file").click()
    with staff.expect_download() as download:
        staff.get_by_role("link", name="Download the CSV file").click()
    file = tmp_path / "list.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8", newline="") as lines:
        found = [row for row in csv.DictReader(lines) if row["email"] == form["email"]]
    assert len(found) == 1
    assert (found[0]["given_name"], found[0]["comment"]) == ("Zoë", "<b>hi</b>, all")
    staff.get_by_role("link", name="Numbers").click()
    ledger = staff.locator("section", has=staff.locator("#ledger-heading"))
    expect(ledger).to_contain_text("to hand it over")
    picture(staff, f"journey-export-{'scripts' if script else 'plain'}")
    staff.goto(link)
    expect(staff.locator("h1")).to_have_text("Page not found")

"""The whole way without scripts in every language, and what staff take out at its end."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from petition import i18n
from tests import people
from tests.browser import deeds
from tests.browser.hands import press, sign
from tests.browser.stand import Stand

Opening = Callable[..., Page]
Picture = Callable[[Page, str], None]

PASSWORD = "a long walk by the river"


@pytest.mark.parametrize("lang", i18n.codes())
def test_without_scripts(stand: Stand, open_page: Opening, picture: Picture, lang: str) -> None:
    form = people.amina | {"email": f"journey.{lang}@example.org", "visibility": "target"}
    page = open_page(phone=True, script=False, locale=lang)
    before = stand.confirmed()
    sign(page, form, lang)
    page.goto(stand.letter(form["email"], "/confirm/").link("/confirm/"))
    expect(page.locator("html")).to_have_attribute("lang", lang)
    assert stand.confirmed() == before, "opening the link must not count"
    press(page, "main form button")
    page.wait_for_url(f"**/{lang}/amazon/confirmed")
    picture(page, f"plain-{lang}-confirmed")

    page.goto(stand.letter(form["email"], "/my/").link("/my/"))
    picture(page, f"plain-{lang}-my-signature")
    page.locator("input[name=updates][value=no]").check()
    press(page, "button[value=choices]")
    expect(page.locator("input[name=updates][value=no]")).to_be_checked()
    page.locator("#family_name").fill("بنت يوسف")
    press(page, "button[value=name]")
    expect(page.locator(".facts").first).to_contain_text("بنت يوسف")
    assert stand.confirmed() == before + 1
    press(page, "button[value=withdraw]")
    expect(page.locator("button[value=withdraw]")).to_have_count(0)
    assert stand.confirmed() == before

    page.locator("#sure").check()
    press(page, "button[value=erase]")
    expect(page.locator("main form")).to_have_count(0)
    assert page.context.cookies() == []


@pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])
def test_staff_take_the_list_out(
    stand: Stand, open_page: Opening, picture: Picture, script: bool, tmp_path: Path
) -> None:
    form = people.ben | {
        "given_name": "Zoë",
        "email": f"listed.{int(script)}@example.org",
        "comment": "<b>hi</b>, all",
    }
    deeds.sign(stand, form)
    deeds.confirm(stand, form["email"])

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
        found = [row for row in csv.DictReader(lines) if row["email"] == form["email"]]
    assert len(found) == 1
    assert (found[0]["given_name"], found[0]["comment"]) == ("Zoë", "<b>hi</b>, all")
    staff.reload()
    ledger = staff.locator("section", has=staff.locator("#ledger-heading"))
    expect(ledger).to_contain_text("to hand it over")
    picture(staff, f"journey-export-{'scripts' if script else 'plain'}")
    staff.goto(link)
    expect(staff.locator("h1")).to_have_text("Nothing here")

"""Staff decide about names and comments by keyboard alone; everyone reads what they approved."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from petition.app import SHIPPED
from tests import people
from tests.browser import actions
from tests.browser.staff import come_in

SLUG = "by-keyboard"


@pytest.fixture
def call(instance: Any, tmp_path: Path) -> str:
    """A call of its own, with three names that wait."""
    folder = shutil.copytree(SHIPPED / "amazon", tmp_path / SLUG)
    file = folder / "campaign.toml"
    facts = file.read_text(encoding="utf-8").replace('"amazon"', f'"{SLUG}"', 1)
    file.write_text(facts, encoding="utf-8")
    instance.petition("campaign", "load", str(folder))
    instance.petition("campaign", "open", SLUG)
    for number, comment in enumerate(("Dignity for all.", "My boss is called Miriam.", "")):
        form = people.someone(900 + number, visibility="public", comment=comment)
        actions.sign(instance, form, slug=SLUG)
        actions.confirm(instance, form["email"])
    return SLUG


def tab_to(page: Page, words: str) -> None:
    """Press Tab until something that says so has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == words:
            return
    raise AssertionError(f"no way to {words} by Tab")


def test_the_queue_by_keyboard(instance: Any, open_page: Any, call: str) -> None:
    page = open_page()
    come_in(page, instance.invite("moderator", "keys@campaign.example.org"))
    page.goto(f"/staff/campaigns/{call}")
    tab_to(page, "Names and comments")
    page.keyboard.press("Enter")
    expect(page.locator("#list-heading")).to_have_text("Waiting for you, oldest first")
    tab_to(page, "With a comment: 2")
    page.keyboard.press("Enter")
    expect(page.locator("#list-heading")).to_have_text("Waiting with a comment, oldest first")
    expect(page.locator(".reviews > li")).to_have_count(2)
    tab_to(page, "Waiting: 3")
    page.keyboard.press("Enter")
    expect(page.locator("#list-heading")).to_have_text("Waiting for you, oldest first")
    tab_to(page, "Show")
    page.keyboard.press("Enter")
    expect(page.locator(".reviews > li")).to_have_count(2)
    # The focus goes on in the list: the next name's buttons are the next stops.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Name only"
    page.keyboard.press("Enter")
    expect(page.locator(".reviews > li")).to_have_count(1)
    tab_to(page, "Do not show")
    page.keyboard.press("Space")
    expect(page.locator("#list")).to_contain_text("Nothing is waiting.")

    actions.a_day_after_approval(instance)
    page.goto(f"/en/{call}/names")
    shown = page.locator(".names > li")
    expect(shown).to_have_count(2)
    expect(shown.nth(0)).to_contain_text("Dignity for all.")
    expect(shown.nth(1)).to_have_text("Person901 Of-Many Germany")
    expect(page.locator("body")).not_to_contain_text("Miriam")

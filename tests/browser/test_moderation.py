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
from tests.browser.staff import be_in


def a_call(instance: Any, folder: Path, slug: str, first: int, *comments: str) -> str:
    """A call of its own, with names that wait."""
    shutil.copytree(SHIPPED / "amazon", folder / slug)
    file = folder / slug / "campaign.toml"
    facts = file.read_text(encoding="utf-8").replace('"amazon"', f'"{slug}"', 1)
    file.write_text(facts, encoding="utf-8")
    instance.petition("campaign", "load", str(folder / slug))
    instance.petition("campaign", "open", slug)
    for number, comment in enumerate(comments, first):
        form = people.someone(number, visibility="public", comment=comment)
        actions.sign(instance, form, slug=slug)
        actions.confirm(instance, form["email"])
    return slug


@pytest.fixture
def call(instance: Any, tmp_path: Path) -> str:
    return a_call(
        instance, tmp_path, "by-keyboard", 900, "Dignity for all.", "My boss is called Miriam.", ""
    )


def tab_to(page: Page, words: str) -> None:
    """Press Tab until something that says so has the focus."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == words:
            return
    raise AssertionError(f"no way to {words} by Tab")


def test_the_queue_by_keyboard(instance: Any, open_page: Any, call: str) -> None:
    page = open_page()
    be_in(page, instance.invite("moderator", "keys@campaign.example.org"))
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
    # The focus goes on in the list: undoing, and the next name's buttons, are the next stops.
    for words in ("Undo", "Show", "Name only"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent.trim()") == words
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


def names(page: Page) -> list[str]:
    return page.locator(".reviews .name bdi").all_inner_texts()


def test_keys(instance: Any, open_page: Any, tmp_path: Path) -> None:
    """One key decides about the marked name and one undoes; they never act by mistake."""
    slug = a_call(instance, tmp_path, "by-keys", 910, "One.", "Two.", "Three.", "Four.")
    page = open_page()
    be_in(page, instance.invite("moderator", "one-key@campaign.example.org"))
    address = f"/staff/campaigns/{slug}/comments"
    page.goto(address)
    all_of_them = [f"Person{number} Of-Many" for number in range(910, 914)]
    items, marked = page.locator(".reviews > li"), page.locator(".reviews > [aria-current]")
    expect(marked).to_contain_text("Person910")

    for held in ("Control", "Alt", "Meta", "Shift"):
        page.keyboard.down(held)
        for key in "nruj":
            page.evaluate(PRESSED, [key, f"Key{key.upper()}", held])
        page.keyboard.up(held)
    page.evaluate("document.querySelector('.filter').open = true")
    for field in ("#keys-on", "#country"):
        page.locator(field).focus()
        page.keyboard.press("r")
    page.evaluate("document.activeElement.blur()")
    page.evaluate(PRESSED, ["r", "KeyR", "repeat"])
    page.keyboard.press("x")
    expect(marked).to_contain_text("Person910")
    page.goto(address)
    assert names(page) == all_of_them

    page.keyboard.press("j")
    expect(marked).to_contain_text("Person911")
    page.keyboard.press("r")
    expect(items).to_have_count(3)
    expect(marked).to_contain_text("Person912")
    page.keyboard.press("u")
    expect(page.locator("#list")).to_contain_text("Undone: 1 decision.")
    assert names(page) == all_of_them

    page.locator("#keys-on").uncheck()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("a")
    page.goto(address)
    page.keyboard.press("a")
    expect(page.locator("#keys-on")).not_to_be_checked()
    expect(marked).to_have_count(0)
    assert names(page) == all_of_them
    page.locator("#keys-on").check()
    page.evaluate("document.activeElement.blur()")

    with page.expect_navigation():
        page.evaluate(PRESSED, ["ش", "KeyA", ""])  # as an Arabic keyboard writes there
    page.keyboard.press("n")
    expect(items).to_have_count(2)
    found = "SELECT verdict FROM reviews ORDER BY id DESC LIMIT 2"
    assert instance.rows(found) == [("name_only",), ("shown",)]


PRESSED = """([key, code, held]) => document.body.dispatchEvent(new KeyboardEvent("keydown", {
  key, code, bubbles: true, repeat: held === "repeat", ctrlKey: held === "Control",
  altKey: held === "Alt", metaKey: held === "Meta", shiftKey: held === "Shift" }))"""

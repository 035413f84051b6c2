"""Marks stacked on a letter paint inside their own box, on every page that shows a name."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from tests import people
from tests.browser import actions
from tests.browser.staff import be_in

STACKED = "".join(letter + "\u0302\u0324" * 20 for letter in "Zab") + "\u0f40" + "\u0f90" * 20
FORM = people.someone(870, visibility="public", comment="Dignity.\nFor all.")


@pytest.fixture(scope="module")
def shown(instance: Any) -> None:
    actions.sign(instance, FORM)
    actions.confirm(instance, FORM["email"])
    number = instance.petition("comments", "list", "amazon").split(":")[0].split("\n")[-1]
    instance.petition("comments", "approve", number)
    actions.a_day_after_approval(instance)


def outside(page: Page, box: Locator) -> bytes:
    """A picture of all that lies above and below a box."""
    size, edges = page.viewport_size, box.bounding_box()
    assert size is not None
    assert edges is not None
    top, bottom = int(edges["y"]), int(edges["y"] + edges["height"]) + 1
    assert 60 < top < bottom < size["height"] - 60, "there is room to paint into"
    above = {"x": 0, "y": 0, "width": size["width"], "height": top}
    below = {"x": 0, "y": bottom, "width": size["width"], "height": size["height"] - bottom}
    return b"".join(page.screenshot(clip=each, animations="disabled") for each in (above, below))  # type: ignore[arg-type]


def paints_outside(page: Page, box: Locator) -> bool:
    """Whether anything is painted outside of a box when what is in it can be seen."""
    box.evaluate("box => box.style.visibility = 'hidden'")
    without = outside(page, box)
    box.evaluate("box => box.style.visibility = ''")
    return outside(page, box) != without


def look(page: Page, place: str) -> None:
    page.set_viewport_size({"width": 900, "height": 1400})
    box = page.locator(place).first
    inner = box.locator("bdi").first if box.locator("bdi").count() else box
    # As an entry from before names were limited holds it.
    inner.evaluate("(element, text) => { element.textContent = text; }", STACKED)
    box.evaluate("box => box.scrollIntoView({block: 'center'})")
    assert not paints_outside(page, box), place
    box.evaluate("box => box.style.overflow = 'visible'")
    assert paints_outside(page, box), f"{place}: these marks never left their box"


@pytest.mark.parametrize("place", [".names .name", ".names .words"])
@pytest.mark.usefixtures("shown")
def test_on_the_page_of_names(open_page: Any, place: str) -> None:
    page = open_page()
    page.goto("/en/amazon/names")
    look(page, place)


@pytest.mark.parametrize("place", [".reviews .name", ".reviews .words"])
@pytest.mark.usefixtures("shown")
def test_where_staff_decide(instance: Any, open_page: Any, place: str) -> None:
    page = open_page()
    be_in(page, instance.invite("moderator", f"marks{len(place)}@campaign.example.org"))
    page.goto("/staff/campaigns/amazon/comments?verdict=shown")
    look(page, place)


@pytest.mark.usefixtures("shown")
def test_on_ones_own_page(instance: Any, open_page: Any) -> None:
    actions.post(instance, "/en/amazon/my", email=FORM["email"])
    page = open_page()
    page.goto(instance.letter(FORM["email"], "/my/").link("/my/"))
    for nth in (0, 1, 5):  # given name, family name, comment
        look(page, f".facts dd >> nth={nth}")


NAMES = ("Nguyễn", "שָׁלוֹם", "ที่นี่", "ปั่น", "བསྒྲུབས", "Ǻ Ấ Ṩ ģ Ų")


@pytest.mark.usefixtures("shown")
def test_the_marks_of_a_script_are_seen_whole(open_page: Any) -> None:
    page = open_page()
    page.goto("/en/amazon/names")
    page.set_viewport_size({"width": 900, "height": 1400})
    box = page.locator(".names .name").first
    for name in NAMES:
        box.locator("bdi").evaluate("(element, text) => { element.textContent = text; }", name)
        clipped = page.screenshot(animations="disabled")
        box.evaluate("box => box.style.overflow = 'visible'")
        assert page.screenshot(animations="disabled") == clipped, name
        box.evaluate("box => box.style.overflow = ''")

"""Every page in both languages, on a phone and a desk: axe finds nothing against WCAG 2.2 AA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}

axe = Axe()


def violations(page: Page) -> list[str]:
    found = axe.run(page, options=RULES).response["violations"]
    return [
        f"{each['id']}: {each['help']} at {node['target']} ({node.get('failureSummary', '')})"
        for each in found
        for node in each["nodes"]
    ]


def overflows(page: Page) -> int:
    """Pixels that the page is wider than its window."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


@pytest.fixture
def look(picture: Callable[[Page, str], None], request: pytest.FixtureRequest) -> Any:
    """look(page, name): keep its picture, let axe read it, and see that nothing sticks out."""

    def look(page: Page, name: str) -> None:
        picture(page, f"{request.node.callspec.id}-{name}")
        assert violations(page) == [], name
        assert overflows(page) <= 0, f"{name} is wider than its window"
        assert page.title().strip(), name
        assert page.locator("h1").count() == 1, name

    return look


SIZES = pytest.mark.parametrize("phone", [True, False], ids=["360", "1280"])
LANGUAGES = pytest.mark.parametrize("lang", ["en", "ar"])


@SIZES
@LANGUAGES
def test_public_pages(stand: Any, open_page: Any, look: Any, lang: str, phone: bool) -> None:
    page = open_page(phone=phone, locale=lang)
    page.goto(f"/{lang}/amazon")
    assert page.locator("html").get_attribute("dir") == ("rtl" if lang == "ar" else "ltr")
    look(page, "campaign")
    page.locator("#sign-button").click()
    page.wait_for_selector(".error-summary")
    look(page, "campaign-422")
    for name in ("thanks", "confirmed", "privacy"):
        page.goto(f"/{lang}/amazon/{name}")
        look(page, name)
    page.goto("/confirm/forged")
    look(page, "confirm-invalid")
    page.goto(f"/{lang}/nothing")
    look(page, "error-404")


@SIZES
@LANGUAGES
def test_the_link_in_a_letter(
    stand: Any, open_page: Any, look: Any, lang: str, phone: bool
) -> None:
    page = open_page(phone=phone, locale=lang)
    page.goto(f"/{lang}/amazon")
    page.locator("#given_name").fill("Axe")
    page.locator("#email").fill(f"axe.{lang}.{int(phone)}@example.org")
    page.locator("#country").select_option("DE")
    page.locator("#updates").check()
    page.locator("#agree").check()
    page.locator("#sign-button").click()
    page.wait_for_url(f"**/{lang}/amazon/thanks")
    stand.petition("worker", "--once")
    page.goto("/dev/outbox")
    look(page, "dev-outbox")
    page.locator(".letters li", has_text=f"axe.{lang}.{int(phone)}@").locator("a").click()
    look(page, "dev-letter")
    page.get_by_role("link", name="Open the link").click()
    page.wait_for_url("**/confirm/**")
    look(page, "confirm")
    page.locator("main form button").click()
    page.wait_for_url(f"**/{lang}/amazon/confirmed")


@SIZES
def test_staff_pages(stand: Any, open_page: Any, look: Any, phone: bool) -> None:
    page = open_page(phone=phone)
    page.goto(stand.invite(f"{'owner' if phone else 'exporter'}"))
    look(page, "staff-set-up")
    page.locator("#password").fill("too short")
    page.locator("main").get_by_role("button").click()
    page.wait_for_selector(".error-summary")
    look(page, "staff-set-up-422")
    page.locator("#password").fill("a long walk by the river")
    page.get_by_role("button", name="Set the password").click()
    page.wait_for_url("**/staff/")
    look(page, "staff-campaigns")
    page.get_by_role("link", name="amazon").click()
    page.wait_for_url("**/staff/campaigns/amazon")
    look(page, "staff-campaign")
    page.get_by_role("button", name="Download").click()
    page.wait_for_selector(".problem")
    look(page, "staff-campaign-422")
    page.goto("/staff/campaigns/amazon/domains")
    look(page, "staff-domains")
    if phone:  # the other account may only look
        page.get_by_role("button", name="Add it").click()
        page.wait_for_selector(".problem")
        look(page, "staff-domains-422")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/staff/sign-in")
    look(page, "staff-sign-in")
    page.locator("#email").fill("nobody@example.org")
    page.locator("#password").fill("wrong")
    page.locator("main").get_by_role("button").click()
    page.wait_for_selector(".error-summary")
    look(page, "staff-sign-in-422")
    page.goto("/staff/set-up/dead")
    look(page, "staff-404")

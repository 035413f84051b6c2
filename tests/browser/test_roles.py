"""Each role in a browser, on a phone and at a desk: what it finds, what it does, what is not there.

A picture of each one's page of numbers is always kept, and with PICTURES=1 of every page they open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from petition.domain.staff.roles import Role
from tests import people
from tests.browser import actions
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.instance import Instance, run_instance
from tests.browser.page_checks import overflows
from tests.browser.staff import be_in

CAMPAIGN: Final = "/staff/campaigns/amazon"
SIZES: Final[dict[str, Any]] = {"phone": PHONE, "desk": DESKTOP}
NAMES: Final = 3


@pytest.fixture(scope="module")
def instance(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Three people have confirmed and let everyone see their name."""
    with run_instance(tmp_path_factory.mktemp("instance"), tables=tables) as running:
        for number in range(NAMES):
            form = people.someone(number, visibility="public", comment=f"Dignity for all {number}.")
            actions.sign(running, form)
            actions.confirm(running, form["email"])
        running.confirmed()
        yield running


@dataclass(frozen=True)
class Seen:
    """What one of them finds."""

    menu: frozenset[str]
    tabs: frozenset[str]
    sees_names: bool


CAMPAIGNS: Final = frozenset({"Campaigns", "Limits by sender"})
NUMBERS: Final = frozenset({"Numbers", "The target’s own mail domains"})
EVERYTHING: Final = frozenset({"People", "Audit log"})
REVIEWS: Final = frozenset({"Names and comments"})
RECORDS: Final = frozenset({"Signatures"})
FINDS: Final = {
    Role.OWNER: Seen(CAMPAIGNS | EVERYTHING, NUMBERS | REVIEWS | RECORDS, sees_names=True),
    Role.EDITOR: Seen(CAMPAIGNS, NUMBERS, sees_names=False),
    Role.MODERATOR: Seen(CAMPAIGNS, NUMBERS | REVIEWS | RECORDS, sees_names=True),
    Role.EXPORTER: Seen(CAMPAIGNS, NUMBERS | RECORDS, sees_names=True),
    Role.VIEWER: Seen(CAMPAIGNS, NUMBERS, sees_names=False),
}
"""At least this; a page that comes later may be there, too."""
CLOSED: Final = {
    "/staff/people": {Role.OWNER},
    "/staff/audit": {Role.OWNER},
    f"{CAMPAIGN}/comments": {Role.OWNER, Role.MODERATOR},
}
"""Pages that only these may open."""


def _owner(page: Page) -> None:
    page.get_by_role("link", name="People", exact=True).click()
    page.locator("#email").fill(f"new.{page.viewport_size['width']}@example.org")  # type: ignore[index]
    page.get_by_label("Viewer").check()
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("code.link")).to_contain_text("/staff/set-up/")


def _editor(page: Page) -> None:
    domain = f"depot{page.viewport_size['width']}.example.org"  # type: ignore[index]
    page.get_by_role("link", name="The target’s own mail domains").click()
    page.locator("#domain").fill(domain)
    page.locator(f"form[action='{CAMPAIGN}/domains'] button").click()
    expect(page.locator("main")).to_contain_text(domain)


def _moderator(page: Page) -> None:
    page.locator(f"nav a[href='{CAMPAIGN}/comments']").click()
    waiting = page.locator(".reviews > li").count()
    assert waiting > 0
    page.get_by_role("button", name="Show", exact=True).first.click()
    expect(page.locator(".reviews > li")).to_have_count(waiting - 1)


def _exporter(page: Page) -> None:
    page.locator("#reason").fill("for the hand-over")
    page.get_by_role("button", name="Make the CSV file").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download the CSV file").click()
    assert people.someone(0)["email"] in Path(taken.value.path()).read_text(encoding="utf-8")


def _viewer(page: Page) -> None:
    expect(page.locator("main")).to_contain_text("numbers are rounded down to tens here")
    assert page.locator("main form").count() == 0


DOES: Final[dict[Role, Callable[[Page], None]]] = {
    Role.OWNER: _owner,
    Role.EDITOR: _editor,
    Role.MODERATOR: _moderator,
    Role.EXPORTER: _exporter,
    Role.VIEWER: _viewer,
}


def words(page: Page, links: str) -> set[str]:
    return set(page.locator(f"{links} a").all_inner_texts())


@pytest.mark.parametrize("role", Role)
def test_what_each_role_finds_and_does(
    chromium: Browser,
    instance: Instance,
    keep_picture: Callable[[Page, str], None],
    picture: Callable[[Page, str], None],
    role: Role,
) -> None:
    finds = FINDS[role]
    instance.rows("DELETE FROM review_claims")  # what the one before opened waits for nobody
    context = chromium.new_context(base_url=instance.url, viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
    page = context.new_page()
    be_in(page, instance.invite(str(role)))
    for address, who in CLOSED.items():
        # Whoever is refused is so at every size.
        refused = ">Not allowed</h1>" in page.request.get(address).text()
        assert refused == (role not in who), address
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        page.goto("/staff/")
        assert words(page, "nav.menu") >= finds.menu
        assert not (EVERYTHING - finds.menu) & words(page, "nav.menu")
        picture(page, f"role-{role}-{size}-start")
        page.locator(f"main a[href='{CAMPAIGN}']").click()
        assert words(page, "nav.tabs") >= finds.tabs
        assert not (REVIEWS - finds.tabs) & words(page, "nav.tabs")
        exact = page.locator("#states-heading ~ table td.number").all_inner_texts()
        assert (str(NAMES) in exact) == finds.sees_names
        assert ("fewer than ten" in exact) != finds.sees_names
        assert overflows(page) <= 0
        keep_picture(page, f"role-{role}-{size}")
        DOES[role](page)
        picture(page, f"role-{role}-{size}-done")
        assert not re.search(r"Traceback|Internal Server Error", page.content())
    context.close()

"""A passkey in a real browser, with a device that Chromium plays: made, shown, asked for again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import CDPSession, Page, expect

from petition import i18n
from tests.browser.instance import Instance, run_instance
from tests.browser.page_checks import findings
from tests.browser.staff import PASSWORD

Picture = Callable[[Page, str], None]
Opening = Callable[..., Page]

STALE: Final = "UPDATE staff_sessions SET second_factor_at = '2020-01-01 00:00:00.000000'"
EMAIL: Final = "passkey.{}@campaign.example.org"


@pytest.fixture(scope="module")
def instance(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """At a host with a name: browsers make no passkeys for a number."""
    with run_instance(
        tmp_path_factory.mktemp("instance"), host="localhost", tables=tables
    ) as running:
        yield running


class Device:
    """What makes and keeps passkeys: a phone or computer, as Chromium plays one."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made: Any = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._id = made["authenticatorId"]

    def know_finger(self, known: bool) -> None:
        """Whether it is the owner's finger that touches it from now on."""
        self._session.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": known}
        )


def looks_right(page: Page, picture: Picture, name: str) -> None:
    found = list(findings(page, every_scheme=False))
    assert found == [], f"{name}: {found}"
    picture(page, name)


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_passkey_instead_of_an_app(
    instance: Instance, open_page: Opening, picture: Picture, lang: str
) -> None:
    page, words = open_page(locale=lang), i18n.language(lang).gettext
    device, email = Device(page), EMAIL.format(lang)
    page.goto(instance.invite("exporter", email))
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/second-factor/set-up")
    make = page.get_by_role("button", name=words("Make a passkey"))
    expect(make).to_be_visible()
    looks_right(page, picture, f"passkey-set-up-{lang}")
    device.know_finger(False)
    make.click()
    failed = words("No passkey was used. Please try again, or use another way.")
    expect(page.get_by_role("alert")).to_have_text(failed)
    device.know_finger(True)
    make.click()
    expect(page.locator("h1")).to_have_text(words("Your recovery codes"))
    page.locator("main a.button").click()
    page.locator("header form button").click()

    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/second-factor")
    looks_right(page, picture, f"passkey-sign-in-{lang}")
    page.get_by_role("button", name=words("Use a passkey")).click()
    page.wait_for_url("**/staff/")

    instance.rows(STALE)
    page.goto("/staff/campaigns/amazon")
    page.locator("#reason").fill("to <b>hand over</b>")
    page.locator("form[action$='/export'] button").click()
    expect(page.locator("h1")).to_have_text(words("Please show once more that it is you"))
    looks_right(page, picture, f"passkey-again-{lang}")
    page.get_by_role("button", name=words("Use a passkey")).click()
    page.locator("a[href$='/file']").wait_for()
    found = instance.rows("SELECT reason FROM exports ORDER BY id DESC LIMIT 1")
    assert found == [("to <b>hand over</b>",)]

    page.goto("/staff/account")
    expect(page.get_by_role("heading", name=words("Your passkeys"))).to_be_visible()
    looks_right(page, picture, f"passkey-account-{lang}")


def test_a_second_one_beside_an_app_and_away_with_the_first(
    instance: Instance, open_page: Opening
) -> None:
    page, email = open_page(phone=True), EMAIL.format("second")
    Device(page)
    page.goto(instance.invite("viewer", email))
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#code").fill(page.locator("#code-now").inner_text())
    page.keyboard.press("Enter")
    page.locator("main a.button").click()
    page.goto("/staff/account")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Make a passkey").click()
    page.wait_for_url("**/staff/account")
    expect(page.get_by_text("Not used yet.")).to_be_visible()
    # The same device keeps one for this account, and the page says that nothing happened.
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used.")
    page.goto("/staff/account")
    page.get_by_role("button", name="Remove the app").click()
    expect(page.get_by_text("You have no app for codes.")).to_be_visible()
    expect(page.get_by_role("button", name="Remove this passkey")).to_have_count(0)


def test_without_scripts_an_app_is_the_way(instance: Instance, open_page: Opening) -> None:
    page = open_page(script=False)
    page.goto(instance.invite("viewer", EMAIL.format("plain")))
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("A passkey needs JavaScript and a browser")).to_be_visible()
    expect(page.get_by_role("button", name="Make a passkey")).to_be_hidden()
    page.locator("#code").fill(page.locator("#code-now").inner_text())
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Your recovery codes")

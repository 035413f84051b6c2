"""Staff on their way into the console, in a browser."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

import pyotp
from playwright.sync_api import Page

PASSWORD: Final = "a long walk by the river"
HALF_A_MINUTE: Final = timedelta(seconds=30)
_CSRF: Final = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
_SECRET: Final = re.compile(r'id="secret"[^>]*>([^<]+)<')


def come_in(page: Page, link: str, password: str = PASSWORD) -> str:
    """Follow a set-up link to the console's first page; the secret that the app would keep."""
    page.goto(link)
    page.locator("#password").fill(password)
    page.keyboard.press("Enter")
    return set_up_second_factor(page)


def set_up_second_factor(page: Page) -> str:
    """From its page to the console's first page."""
    page.wait_for_url("**/staff/second-factor/set-up")
    secret = page.locator("#secret").inner_text().replace(" ", "")
    page.locator("#code").fill(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    page.locator("main a.button").press("Enter")
    page.wait_for_url("**/staff/")
    return secret


def next_code(secret: str) -> str:
    """The one after that of now: it works already, and that of now may have been used."""
    return pyotp.TOTP(secret).at(datetime.now().astimezone() + HALF_A_MINUTE)


def be_in(page: Page, link: str, password: str = PASSWORD) -> None:
    """From a set-up link to the console's first page, the way there by plain HTTP.

    Where the way is not what is tested: in the browser it takes four pages.
    """
    send = page.request
    here = send.get(link)
    for fields in ({"password": password}, {}):
        form = fields or {"code": pyotp.TOTP(_found(_SECRET, here.text())).now()}
        here = send.post(here.url, form=form | {"csrf_token": _found(_CSRF, here.text())})
        assert here.ok, here.text()
    page.goto("/staff/")


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    assert found, f"{pattern.pattern}: {text}"
    return found[1].replace(" ", "")

"""Signing in to the console as a browser does: by a link, a password and a code."""

from __future__ import annotations

import re
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pyotp

from drills.failure import DrillError
from drills.http_client import hidden_fields
from drills.instance import Instance

PASSWORD = "a long walk by the river"  # of nobody
SECRET = re.compile(rb'id="secret">([A-Z2-7 ]+)<')


def cookies_of(instance: Instance) -> str:
    """What an owner's browser sends along who has just signed in."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    link = instance.run("staff", "invite", "bench@example.org", "--role", "owner").strip()
    _send(browser, link, password=PASSWORD)
    page = f"{instance.base}/staff/second-factor/set-up"
    with browser.open(page, timeout=20) as answer:
        found = SECRET.search(answer.read())
    if found is None:
        raise DrillError("the page of the second factor shows no secret")
    _send(browser, page, code=pyotp.TOTP(found[1].decode().replace(" ", "")).now())
    return "; ".join(f"{each.name}={each.value}" for each in jar)


def _send(browser: OpenerDirector, address: str, **fields: str) -> None:
    """Open a form and send it back, filled in."""
    with browser.open(address, timeout=20) as page:
        hidden = dict(hidden_fields(page.read()))
    form = urlencode({**hidden, **fields}).encode()
    with browser.open(Request(address, data=form), timeout=20):  # our own server
        pass

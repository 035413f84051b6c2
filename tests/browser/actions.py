"""What people did before the page that is looked at: by plain HTTP."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

from petition.app import create_app
from petition.config import load
from petition.domain import tokens
from petition.web.http.dependencies import dependencies_of
from tests import messages
from tests.browser.instance import Instance, Letter
from tests.park import PARK

TICKET = re.compile(r'name="ticket" value="([^"]+)"')


def get(instance: Instance, address: str) -> str:
    status, _location, body = _ask(instance, "GET", address, {})
    assert status == 200, f"{address}: {status}"
    return body


def post(instance: Instance, address: str, **fields: str) -> tuple[int, str]:
    """Send a form; the status and where it leads."""
    status, location, _body = _ask(instance, "POST", address, fields)
    return status, location


def _ask(
    instance: Instance, method: str, address: str, fields: Mapping[str, str]
) -> tuple[int, str, str]:
    parts = urlsplit(address)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(urlsplit(instance.url).netloc, timeout=30)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, urlencode(fields), headers)
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace")
        return answer.status, answer.getheader("Location", ""), body
    finally:
        connection.close()


def scan(instance: Instance, letter: Letter) -> None:
    """What a mail scanner does before its reader sees the letter: every link, twice."""
    for link in letter.links:
        for method in ("HEAD", "GET"):
            status, _location, _body = _ask(instance, method, link, {})
            assert status in {200, 302}, f"{method} {link}: {status}"


def sign(
    instance: Instance, form: Mapping[str, str], lang: str = "en", slug: str = "amazon"
) -> None:
    ticket = TICKET.search(get(instance, f"/{lang}/{slug}"))
    assert ticket
    status, location = post(instance, f"/{lang}/{slug}/sign", ticket=ticket[1], **form)
    assert (status, location) == (303, f"/{lang}/{slug}/thanks"), form


def confirm(instance: Instance, email: str, nth: int = 1) -> Letter:
    """Press the button behind the nth letter to confirm; the thank-you letter that follows."""
    status, _location = post(instance, instance.letter(email, "/confirm/", nth).link("/confirm/"))
    assert status == 303
    return instance.letter(email, "/unsubscribe/", nth)


def open_park(instance: Instance) -> None:
    """The second campaign, of another kind and in one language; again and again without harm."""
    instance.petition("campaign", "load", str(PARK), "--yes")
    instance.petition("campaign", "open", "park")


def a_day_after_approval(instance: Instance) -> None:
    """What staff have shown so far is public: approved names appear together, once a day."""
    instance.rows("UPDATE reviews SET at = '2026-01-01 00:00:00.000000'")


PARTNER_TERMS: Final = (
    *("--privacy", "https://union.example.org/privacy"),
    *("--contact", "paula@union.example.org"),
)
"""Options of `petition partner add`."""


def be_answered(instance: Instance, letter: Letter, lang: str) -> int:
    """Whom the letter is to wrote to a target, and it answered; the reply's number."""
    app = create_app(load(instance.environ))
    deps = dependencies_of(app)
    token = letter.link("/my/").rpartition("/")[2]
    signature_id = int(deps.tokens.read(tokens.MY, token, at=deps.now()))
    return messages.be_answered(app, signature_id, lang)


def accept_as_partner(instance: Instance, key: str) -> str:
    """The partner with this key accepts; the link that it did it by."""
    link = instance.petition("partner", "terms", key, *PARTNER_TERMS).strip()
    assert post(instance, urlsplit(link).path, name="Paula")[0] == 303
    return link

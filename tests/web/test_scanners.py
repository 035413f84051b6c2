"""Mail scanners, previews and prefetchers open every link of every letter: nothing changes."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage
from typing import Final
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import work
from tests.worlds import Worlds

# The first looks like anybody: the programs that wait for something bad to happen do.
AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; ms-office; MSOffice 16)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 BingPreview/1.0b",
    "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))",
    "Mimecast URL Protect",
    "Proofpoint URL Defense",
    "GoogleImageProxy (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.24.13.77 A",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; SkypeUriPreview Preview/0.5)",
    "facebookexternalhit/1.1",
    "python-requests/2.32.3",
    "curl/8.8.0",
    "",
)
HEADERS: Final = (
    {},
    {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender"},
    {"X-Moz": "prefetch"},
    {"Range": "bytes=0-1023"},
    {"Accept": "*/*", "Accept-Language": "ar"},
)
_HREF: Final = re.compile(r'href="(https?://[^"]+)"')


def links_of(letter: EmailMessage) -> set[str]:
    """Every address that a program may find in a letter: text, HTML and headers."""
    html = letter.get_body(("html",))
    assert html is not None
    found = {*rights.links_in(letter)}
    addresses = _HREF.findall(html.get_content().replace("&amp;", "&"))
    addresses += re.findall(r"https?://[^>\s]+", str(letter.get("List-Unsubscribe", "")))
    for address in addresses:
        parts = urlsplit(address)
        found.add(parts.path + (f"?{parts.query}" if parts.query else ""))
    return {re.sub(r"[.,;]$", "", link) for link in found}


DORA: Final = people.someone(7)


@pytest.fixture
def letters(
    app: Flask, client: FlaskClient, clock: Clock, worlds: Worlds
) -> dict[str, EmailMessage]:
    """A letter of every kind, each about another person."""
    return worlds.enter(app, clock, "letter_of_each", lambda: _letters(app, client, clock))


def _letters(app: Flask, client: FlaskClient, clock: Clock) -> dict[str, EmailMessage]:
    for number, form in enumerate((people.cora, people.ben, people.amina)):
        factories.sign(client, form)
        clock.forward(timedelta(seconds=number))
    work(app)
    found = {"confirm": factories.letters(app)[0]}
    clock.forward(timedelta(days=3))
    work(app)
    found["reminder"] = factories.letters(app)[3]
    rights.signed(app, client, DORA)
    found["thanks"] = factories.letters(app)[-1]
    factories.sign(client, DORA)
    work(app)
    found["already"] = factories.letters(app)[-1]
    rights.ask(client, DORA["email"])
    work(app)
    found["data"] = factories.letters(app)[-1]
    subjects = [str(letter["Subject"]) for letter in found.values()]
    assert subjects == [
        "Please confirm your email address",
        "Still to confirm: your email address",
        "Thank you",
        "Your email address is confirmed already",
        "The link that was asked for",
    ]
    return found


PREFIXES: Final = {
    "confirm": {"confirm", "stop"},
    "reminder": {"confirm", "stop", "unsubscribe"},
    "thanks": {"my", "stop", "unsubscribe"},
    "already": {"my"},
    "data": {"my"},
}


def test_each_letter_has_the_links_that_it_should(letters: dict[str, EmailMessage]) -> None:
    for kind, letter in letters.items():
        prefixes = {link.split("/")[1] for link in links_of(letter) if "." in link}
        assert prefixes == PREFIXES[kind], kind


@pytest.mark.slow
def test_whoever_looks_at_whatever_link_changes_nothing(
    app: Flask, letters: dict[str, EmailMessage]
) -> None:
    links = sorted({link for letter in letters.values() for link in links_of(letter)})
    assert len(links) >= 9
    scanner = app.test_client()
    before, looked = rights.dump(app), 0
    for round_ in range(3):  # in which each agent opens each link, by another method
        for number, agent in enumerate(AGENTS):
            for place, link in enumerate(links):
                method = ("GET", "HEAD", "OPTIONS")[(number + place + round_) % 3]
                headers = {**HEADERS[place % len(HEADERS)], "User-Agent": agent}
                answer = scanner.open(link, method=method, headers=headers)
                assert answer.status_code in {200, 302, 206}, (method, link)
                assert "Set-Cookie" not in answer.headers
                looked += 1
        assert rights.dump(app) == before
    assert looked >= len(AGENTS) * 27
    # Nor does it afterwards, when the worker comes by.
    work(app)
    after = rights.dump(app)
    assert {name: rows for name, rows in after.items() if name != "jobs"} == {
        name: rows for name, rows in before.items() if name != "jobs"
    }


def test_a_scanner_that_posts_without_the_forms_fields_erases_nothing(
    app: Flask, letters: dict[str, EmailMessage]
) -> None:
    """Some programs press what they find. What cannot be undone needs a tick besides."""
    link = rights.link_to("my", letters["data"])
    scanner = app.test_client()
    before = rights.dump(app)
    for data in ({}, {"do": ""}, {"do": "erase"}, {"do": "erase", "sure": ""}, {"do": "name"}):
        assert scanner.post(link, data=data).status_code in {400, 422}
    for action in ("erase", "correct", "choices"):
        for data in ({}, {"sure": ""}):
            assert scanner.post(f"{link}/{action}", data=data).status_code == 422
    assert rights.dump(app) == before


def test_the_link_is_the_authority_and_needs_no_field(
    app: Flask, letters: dict[str, EmailMessage]
) -> None:
    """Decision 432: a bare POST acts, but not from another site: only unsubscribing (RFC 8058)."""
    elsewhere = {"Origin": "https://mail.example.net", "Sec-Fetch-Site": "cross-site"}
    my = rights.link_to("my", letters["already"])
    visitor = app.test_client()
    for link in (
        rights.link_to("confirm", letters["confirm"]),
        f"{my}/withdraw",
        f"{my}/undo",
        rights.link_to("stop", letters["confirm"]),
    ):
        before = rights.dump(app)
        assert visitor.post(link, headers=elsewhere).status_code == 403, link
        assert rights.dump(app) == before, link
        assert visitor.post(link).status_code == 303, link
        assert rights.dump(app) != before, link
    before = rights.dump(app)
    unsubscribe = rights.link_to("unsubscribe", letters["thanks"])
    pressed = visitor.post(unsubscribe, data={"List-Unsubscribe": "One-Click"}, headers=elsewhere)
    assert pressed.status_code == 200
    assert rights.dump(app) != before


def test_then_each_button_works_and_once(app: Flask, letters: dict[str, EmailMessage]) -> None:
    visitor = app.test_client()
    for letter in letters.values():
        for link in links_of(letter):
            for agent in AGENTS[:3]:
                visitor.get(link, headers={"User-Agent": agent})
    for kind, signature in (("confirm", 1), ("reminder", 1)):
        link = rights.link_to("confirm", letters[kind])
        assert visitor.post(link).status_code == 303
        assert rights.state(app, signature) == "confirmed"
    work(app)
    assert rights.counted(app)["total", ""] == 2, "Dora and Cora, and Cora once"
    my = rights.link_to("my", letters["already"])
    assert visitor.post(f"{my}/withdraw").status_code == 303
    assert visitor.post(f"{my}/withdraw").status_code == 303
    work(app)
    assert rights.counted(app)["total", ""] == 1
    assert visitor.post(rights.link_to("unsubscribe", letters["thanks"])).status_code == 200
    assert visitor.post(rights.link_to("stop", letters["confirm"])).status_code == 303
    assert rights.state(app, 1) is None
    sure = {"sure": "yes"}
    data = rights.link_to("my", letters["data"])
    assert visitor.post(f"{data}/erase", data=sure).status_code == 200
    assert visitor.post(f"{my}/erase", data=sure).status_code == 404
    work(app)
    assert rights.counted(app)["total", ""] == 0

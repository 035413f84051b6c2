"""Passing a call on: links, pictures, codes and posters, in each language that the call has."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition import i18n
from petition.domain.signatures.source import OURS, plain_tag
from petition.printing import Press, qr_svg
from petition.services.campaigns import content_files
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people
from tests.conftest import Clock

# One database is enough: what is shown here comes from no query of its own.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PLACES = ("card.png", "qr.svg", "poster.pdf")
KINDS = {
    "card.png": "image/png",
    "qr.svg": "image/svg+xml; charset=utf-8",
    "poster.pdf": "application/pdf",
}


def languages(app: Flask) -> tuple[str, ...]:
    with app.app_context():
        return tuple(dependencies_of(app).campaign_cache.languages("amazon"))


class Page(HTMLParser):
    """The elements of a page that tell others about it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.links: list[dict[str, str]] = []
        self.images: list[dict[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "meta" and (name := found.get("property", found.get("name", ""))):
            self.meta.setdefault(name, found["content"])
        if tag == "a":
            self.links.append(found)
        if tag == "img":
            self.images.append(found)


def read(client: FlaskClient, address: str) -> Page:
    answer = client.get(address)
    assert answer.status_code == 200
    return Page(answer.get_data(as_text=True))


def shares(page: Page) -> Iterator[tuple[str, str]]:
    """Host and whole decoded address of each link that leads to a service or a mail program."""
    for link in page.links:
        parts = urlsplit(link["href"])
        if parts.scheme == "mailto" or "nofollow" in link.get("rel", ""):
            assert {"noopener", "noreferrer", "nofollow"} <= {*link["rel"].split()}
            yield parts.netloc or parts.scheme, unquote(link["href"])


def test_each_service_gets_the_words_and_an_address_that_says_which_way(
    app: Flask, client: FlaskClient
) -> None:
    for code in languages(app):
        told = factories.the_call(app, code).call.share
        by_host = {"wa.me": told.chat, "t.me": told.chat, "mailto": told.email}
        found = dict(shares(read(client, f"/{code}/amazon/thanks")))
        assert found.keys() == {
            "wa.me",
            "t.me",
            "share.joinmastodon.org",
            "bsky.app",
            "www.facebook.com",
            "x.com",
            "mailto",
        }
        sources = set()
        for host, address in found.items():
            # That service takes an address and nothing else.
            words = by_host.get(host, told.post).replace("\n", "\r\n")
            assert words
            assert words in address or host == "www.facebook.com", host
            ours = re.findall(rf"http://127\.0\.0\.1:8000/{code}/amazon\?source=(\w+)", address)
            assert len(ours) == 1, f"{host}: {address}"
            sources |= {*ours}
        assert len(sources) == len(found)
        assert sources < OURS


def test_our_own_tags_are_kept_with_a_signature_and_cost_no_page_of_its_own(
    app: Flask, client: FlaskClient
) -> None:
    for tag in OURS:
        assert plain_tag(tag) == tag
        page = client.get(f"/en/amazon?source={tag}")
        assert page.headers["Cache-Control"].startswith("public")
        assert f'name="source" value="{tag}"' in page.get_data(as_text=True)
    for other in ("source=ours", "source=qr&utm_source=x", "utm_source=qr"):
        assert client.get(f"/en/amazon?{other}").headers["Cache-Control"] == "no-store"
    form = people.ben | {"ticket": factories.ticket(client), "source": "qr"}
    assert client.post("/en/amazon/sign", data=form).status_code == 303
    assert factories.rows(app, "SELECT source FROM entries") == [("qr",)]


def test_the_page_after_signing_shows_a_qr_code_and_leads_to_the_poster(
    app: Flask, client: FlaskClient
) -> None:
    for name in ("thanks", "confirmed"):
        page = read(client, f"/ar/amazon/{name}")
        (image,) = page.images
        assert image["src"] == "/ar/amazon/qr.svg"
        assert "127.0.0.1:8000/amazon" in image["alt"]
        assert {"/ar/amazon/qr.svg", "/ar/amazon/poster.pdf"} <= {
            link["href"] for link in page.links
        }


def test_the_card_of_a_link(app: Flask, client: FlaskClient) -> None:
    for code in languages(app):
        call = factories.the_call(app, code).call
        for place in ("", "/privacy"):
            meta = read(client, f"/{code}/amazon{place}").meta
            assert meta["og:url"] == f"http://127.0.0.1:8000/{code}/amazon{place}"
            assert meta["og:image"] == f"http://127.0.0.1:8000/{code}/amazon/card.png"
            assert (meta["og:image:width"], meta["og:image:height"]) == ("1200", "630")
            assert meta["og:image:alt"] == call.ask
            assert meta["og:description"] == call.summary
            assert meta["twitter:card"] == "summary_large_image"
            assert re.fullmatch(rf"{code}_[A-Z]{{2}}", meta["og:locale"])
            assert meta["og:title"] == call.ask or call.title in meta["og:title"]


def test_the_picture_in_each_language(app: Flask, client: FlaskClient) -> None:
    seen = set()
    for code in languages(app):
        answer = client.get(f"/{code}/amazon/card.png")
        assert (answer.status_code, answer.content_type) == (200, "image/png")
        assert struct.unpack(">II", answer.data[16:24]) == (1200, 630)
        # Services that show it on their own pages load it from here.
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        seen.add(answer.data)
    assert len(seen) == len(languages(app))


def test_the_picture_carries_the_count_in_the_languages_own_words(
    app: Flask, client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[dict[str, Any]] = []
    print_ = Press.picture

    def watched(press: Press, source: str, data: Any) -> bytes:
        printed.append(dict(data))
        return print_(press, source, data)

    monkeypatch.setattr(Press, "picture", watched)
    for code in languages(app):
        client.get(f"/{code}/amazon/card.png")
        assert printed[-1]["count"] == i18n.language(code).gettext("Sign the petition")
    for number in range(3):
        factories.keep(app, factories.the_call(app), people.ben | {"email": f"{number}@ex.org"})
    for entry_id in factories.entries(app):
        factories.confirm(app, entry_id)
    factories.work(app)
    clock.forward(timedelta(minutes=11))
    for code in languages(app):
        client.get(f"/{code}/amazon/card.png")
        words, view = i18n.language(code), factories.the_call(app, code)
        one, many = "%(total)s confirmed signature", "%(total)s confirmed signatures"
        data = printed[-1]
        assert data["count"] == words.ngettext(one, many, 3) % {"total": words.number(3)}
        assert (data["lang"], data["dir"]) == (code, words.direction)
        assert data["ask"] == view.call.ask
        assert data["organiser"]


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_made_twice_in_ten_minutes(
    client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """No address of theirs makes the app print as often as somebody asks."""
    made = []
    for name in ("picture", "paper"):
        print_ = getattr(Press, name)

        def watched(press: Press, source: str, data: Any, print_: Any = print_) -> bytes:
            made.append(source)
            return bytes(print_(press, source, data))

        monkeypatch.setattr(Press, name, watched)
    first = client.get(f"/en/amazon/{place}")
    assert first.content_type == KINDS[place]
    assert first.headers["Cache-Control"] == "public, max-age=600"
    for query in ("", "?v=2", "?source=qr", "?lang=ar"):
        again = client.get(f"/en/amazon/{place}{query}")
        assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])
    known = {"If-None-Match": first.headers["ETag"]}
    assert client.get(f"/en/amazon/{place}", headers=known).status_code == 304
    assert client.head(f"/en/amazon/{place}").status_code == 200
    assert len(made) <= 1
    clock.forward(timedelta(minutes=10))
    client.get(f"/en/amazon/{place}")
    assert len(made) == (0 if place == "qr.svg" else 2)


@pytest.mark.parametrize("place", PLACES)
def test_only_calls_that_people_may_read_are_printed(
    app: Flask, client: FlaskClient, place: str
) -> None:
    for address in (f"/en/nothing/{place}", f"/xx/amazon/{place}"):
        assert client.get(address).status_code == 404
    with app.app_context(), transaction() as session:
        content_files.close(session, "amazon", at=dependencies_of(app).now())
    dependencies_of(app).campaign_cache.clear()
    assert client.get(f"/en/amazon/{place}").status_code == 200
    factories.change(app, "UPDATE campaigns SET state = 'draft'")
    dependencies_of(app).campaign_cache.clear()
    assert client.get(f"/en/amazon/{place}").status_code == 404


def test_the_code_holds_the_short_address(client: FlaskClient) -> None:
    svg = client.get("/ar/amazon/qr.svg").get_data(as_text=True)
    assert svg == qr_svg("http://127.0.0.1:8000/amazon?source=qr")


def test_the_poster_in_each_language(app: Flask, client: FlaskClient) -> None:
    for code in languages(app):
        answer = client.get(f"/{code}/amazon/poster.pdf")
        assert answer.data.startswith(b"%PDF-")
        assert b"<pdfuaid:part>1</pdfuaid:part>" in answer.data
        assert f"/Lang({code})".encode() in answer.data
        assert b"/Type/Pages/Count 1/" in answer.data
        assert answer.headers["Content-Disposition"] == f'inline; filename="amazon-{code}.pdf"'
        # Else Safari would not show it.
        assert "object-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_shared_address_leads_to_the_call(client: FlaskClient) -> None:
    answer = client.get("/amazon?source=poster", headers={"Accept-Language": "ar"})
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"source": ["poster"]}
    assert answer.headers["Location"].startswith("/ar/amazon?")

"""The page of names over HTTP: what may be read there, in which order, and by whom it is found."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.signatures.moderation import NAME_ONLY, REFUSED, SHOWN
from petition.services.signatures import moderation
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people
from tests.people import Form


def approve(app: Flask, form: Form, verdict: str = SHOWN, lang: str = "en") -> None:
    """Somebody signs and confirms, and staff decide."""
    deps = dependencies_of(app)
    factories.keep(app, factories.the_call(app, lang), form)
    ((signature_id, entry_id),) = factories.rows(
        app, "SELECT id, entry_id FROM signatures ORDER BY id DESC LIMIT 1"
    )
    factories.confirm(app, int(str(entry_id)))
    with transaction() as session:
        moderation.decide(
            session,
            deps.vault,
            int(str(signature_id)),
            verdict,
            seen=None,
            campaign_id=None,
            by="t",
            at=deps.now(),
        )
    deps.campaign_cache.clear()


def public(number: int, **changes: str) -> Form:
    return people.someone(number, visibility="public", **changes)


def read(client: FlaskClient, address: str = "/en/amazon/names") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def names_on(page: str) -> list[str]:
    return re.findall(r'<p class="name"><bdi>([^<]*)</bdi>', page)


def test_what_is_read_there(app: Flask, client: FlaskClient) -> None:
    approve(app, people.amina, lang="ar")
    approve(app, public(1, comment="Read by nobody."), NAME_ONLY)
    approve(app, public(2, comment="Nor this."), REFUSED)
    page = read(client)
    assert names_on(page) == ["Person1 Of-Many", "أمينة بن يوسف"]
    assert (
        f'<blockquote class="words" lang="ar" dir="auto">{people.amina["comment"]}</blockquote>'
        in page
    )
    assert "Morocco" in page
    assert "Read by nobody" not in page
    assert "Nor this" not in page
    assert people.amina["email"] not in page
    assert people.amina["postcode"] not in page
    assert "2026" not in page, "nor when somebody signed"
    assert "المغرب" in read(client, "/ar/amazon/names")


def test_words_are_only_words(app: Flask, client: FlaskClient) -> None:
    approve(app, people.mallory | {"visibility": "public"})
    page = read(client)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_finders_leave_it_out(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/en/amazon/names")
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in answer.get_data(as_text=True)
    assert "Set-Cookie" not in answer.headers


def test_caches_may_keep_it_for_some_seconds(app: Flask, client: FlaskClient) -> None:
    approve(app, public(1))
    first = client.get("/en/amazon/names")
    assert first.headers["Cache-Control"].startswith("public, max-age=10")
    again = client.get("/en/amazon/names", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["X-Robots-Tag"] == "noindex"


def test_ten_a_page_by_plain_links(app: Flask, client: FlaskClient) -> None:
    for number in range(12):
        approve(app, public(number))
    newest = read(client)
    assert names_on(newest) == [f"Person{n} Of-Many" for n in range(11, 1, -1)]
    older = re.search(r'<a rel="next" href="(\?before=\d+)">Older</a>', newest)
    assert older is not None
    assert 'rel="prev"' not in newest
    second = read(client, f"/en/amazon/names{older[1]}")
    assert names_on(second) == ["Person1 Of-Many", "Person0 Of-Many"]
    assert 'rel="next"' not in second
    assert '<a rel="prev" href="/en/amazon/names">Newer</a>' in second
    assert f'href="/ar/amazon/names{older[1]}"' in second, "the language menu keeps the place"


@pytest.mark.parametrize(
    "before",
    ["", "0", "-1", "1", "x", "1.5", "1e3", " 1", "٣", "9" * 19, "9" * 400, "1%00", "1;--"],
)
def test_a_place_that_is_none(app: Flask, client: FlaskClient, before: str) -> None:
    approve(app, public(1))
    answer = client.get(f"/en/amazon/names?before={before}")
    assert answer.status_code == 404
    assert "Page not found" in answer.get_data(as_text=True)


@pytest.mark.slow
def test_the_way_there_is_shown_once_there_is_something(app: Flask, client: FlaskClient) -> None:
    link = 'href="/en/amazon/names"'
    assert link not in read(client, "/en/amazon")
    assert "no names to read yet" in read(client)
    approve(app, public(1), REFUSED)
    assert link not in read(client, "/en/amazon")
    approve(app, public(2), NAME_ONLY)
    assert link in read(client, "/en/amazon")


def test_a_call_that_is_not_there(client: FlaskClient) -> None:
    assert client.get("/en/nothing/names").status_code == 404


def test_it_stays_up_when_the_database_goes_away(app: Flask, client: FlaskClient) -> None:
    approve(app, public(1))
    before = read(client)
    deps = dependencies_of(app)
    deps.campaign_cache.expire()
    factories.change(app, "ALTER TABLE campaigns RENAME TO gone")
    assert read(client) == before

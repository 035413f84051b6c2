"""Links in letters: scanned, repeated, too old, broken, forged: always a kind page and a way on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape

from petition.app import SHIPPED
from petition.services.campaigns import content_files
from petition.store.campaigns import campaigns
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people


@pytest.fixture
def link(app: Flask, client: FlaskClient) -> str:
    factories.sign(client, people.cora)
    factories.work(app)
    return factories.link_in(factories.letters(app)[0])


def states(app: Flask) -> list[tuple[object, ...]]:
    return factories.rows(app, "SELECT state, confirmed_at FROM signatures")


def test_a_scanner_confirms_nothing(app: Flask, link: str) -> None:
    """Mail servers open every link before people do: GET, HEAD, OPTIONS, with odd headers."""
    scanner = app.test_client()
    for _ in range(3):
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = scanner.open(link, method=method, headers={"User-Agent": "scanner"})
            assert answer.status_code == 200
    assert states(app) == [("pending", None)]


def test_once_or_ten_times_the_same(app: Flask, client: FlaskClient, link: str, clock: Any) -> None:
    answers = []
    for _ in range(10):
        answers.append(client.post(link))
        clock.forward(timedelta(minutes=1))
    assert len({(a.status_code, tuple(a.headers), a.data) for a in answers}) == 1
    assert states(app)[0][0] == "confirmed"
    factories.work(app)
    assert factories.rows(app, "SELECT confirmed FROM counts WHERE dimension = 'total'") == [(1,)]
    assert client.get(link).status_code == 200


def test_an_expired_link(app: Flask, client: FlaskClient, link: str, clock: Any) -> None:
    clock.forward(timedelta(days=7, seconds=1))
    for answer in (client.get(link), client.post(link)):
        assert answer.status_code == 410
        assert "has expired" in answer.get_data(as_text=True)
        assert 'class="button" href="/"' in answer.get_data(as_text=True)
    assert states(app) == [("pending", None)]
    # The way on works: the form once more, a fresh letter, a fresh link.
    factories.sign(client, people.cora)
    factories.work(app)
    assert client.post(factories.link_in(factories.letters(app)[-1])).status_code == 303
    assert states(app)[0][0] == "confirmed"


def test_broken_and_forged_links(app: Flask, client: FlaskClient, link: str) -> None:
    swapped = link[:-1] + ("A" if link[-1] != "A" else "B")
    entry, expires, mac = link.rpartition("/")[2].split(".")
    later = f"/confirm/{entry}.{int(expires, 16) + 9999:x}.{mac}"
    other = f"/confirm/{int(entry) + 1}.{expires}.{mac}"
    for bad in (
        link[:-5],
        link + "x",
        swapped,
        later,
        other,
        "/confirm/x",
        "/confirm/..",
        "/confirm/é",
    ):
        for answer in (client.get(bad), client.post(bad)):
            assert answer.status_code in {404, 308}, bad
            if bad not in {"/confirm/.."}:
                assert 'href="/"' in answer.get_data(as_text=True)
    assert states(app) == [("pending", None)]


def test_the_page_speaks_the_readers_language_when_the_link_does_not_say(
    client: FlaskClient,
) -> None:
    page = client.get("/confirm/forged", headers={"Accept-Language": "ar"})
    assert 'lang="ar" dir="rtl"' in page.get_data(as_text=True)


@pytest.mark.each_case_on_both
@pytest.mark.parametrize("state", ["held", "rejected", "withdrawn"])
def test_a_click_moves_nothing_that_staff_or_its_owner_took_out(
    app: Flask, client: FlaskClient, link: str, state: str
) -> None:
    factories.change(app, "UPDATE signatures SET state = :state", state=state)
    answer = client.post(link)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/amazon/confirmed")
    assert states(app)[0][0] == state
    factories.work(app)
    total = factories.rows(app, "SELECT confirmed FROM counts WHERE dimension = 'total'")
    assert total in ([], [(0,)])


def test_the_page_shows_the_words_that_were_agreed_to(
    app: Flask, client: FlaskClient, link: str, clock: Any
) -> None:
    """The call's wording changed after the form was sent in: the link still shows the old one."""
    with transaction() as session:
        file = content_files.read(SHIPPED / "amazon", organiser="Quite another organiser")
        assert campaigns.save(session, file, at=clock()).changed
    dependencies_of(app).campaign_cache.clear()
    sheet = client.get(link).get_data(as_text=True)
    statement = factories.rows(
        app,
        "SELECT wording FROM consent_texts JOIN consents ON consent_text_id = consent_texts.id "
        "WHERE consents.purpose = 'sign'",
    )
    assert str(escape(statement[0][0])) in sheet
    assert "Quite another organiser" not in str(statement[0][0])
    assert "Quite another organiser" in client.get("/en/amazon").get_data(as_text=True)

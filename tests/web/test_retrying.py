"""Requests that another transaction made the server undo are worked on again, if they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse as Answer

from petition.store.db import db
from petition.web.http import retrying
from tests import console, people, rights
from tests.conftest import Clock
from tests.factories import rows, ticket
from tests.worlds import Worlds

pytestmark = pytest.mark.each_case_on_both

UNDONE = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
PERHAPS_KEPT = (psycopg.errors.AdminShutdown, psycopg.errors.ConnectionFailure)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(retrying, "LONGEST_PAUSE", 0.0)


@contextmanager
def failing(statement: str, error: type[psycopg.Error], times: int = 1) -> Iterator[list[int]]:
    """So many statements that begin so fail, each in the midst of its transaction."""
    left = [times]

    def fail(*seen: object) -> None:
        if str(seen[2]).startswith(statement) and left[0]:
            left[0] -= 1
            raise OperationalError("x", {}, error("x"))

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        yield left
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)


def sent(client: FlaskClient, page: str, **fields: str) -> Callable[[], Answer]:
    """A form of the console, ready to be sent."""
    form = fields | {"csrf_token": console.form_token(client.get(page))}
    return lambda: client.post(page, data=form)


DOMAINS = "/staff/campaigns/amazon/domains"
FORMS = {
    "wider limits": (
        "/staff/limits",
        {"network": "203.0.113.0/24", "hours": "4", "factor": "10"},
        "SELECT network FROM sender_allowances",
    ),
    "a domain": (
        DOMAINS,
        {"domain": "warehouse.example"},
        "SELECT pattern FROM target_domains WHERE pattern = 'warehouse.example'",
    ),
}


@pytest.mark.parametrize("error", UNDONE)
@pytest.mark.parametrize("what", FORMS)
def test_a_form_of_the_console_that_was_undone_is_done_once(
    app: Flask, what: str, error: type[psycopg.Error]
) -> None:
    page, fields, found = FORMS[what]
    send = sent(console.enter(app), page, **fields)
    before = rows(app, "SELECT count(*) FROM audit")[0][0]
    with failing("INSERT INTO audit", error, times=2) as left:
        assert send().status_code == 303
    assert left == [0]
    assert len(rows(app, found)) == 1
    assert rows(app, "SELECT count(*) FROM audit")[0][0] == before + 1  # type: ignore[operator]


@pytest.mark.parametrize("error", PERHAPS_KEPT)
@pytest.mark.parametrize("what", FORMS)
def test_one_that_may_have_been_kept_is_not_done_again(
    app: Flask, what: str, error: type[psycopg.Error]
) -> None:
    page, fields, _ = FORMS[what]
    send = sent(console.enter(app), page, **fields)
    with failing("INSERT INTO audit", error):
        answer = send()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("error", [*UNDONE, *PERHAPS_KEPT])
def test_a_page_of_the_console_is_read_again(app: Flask, error: type[psycopg.Error]) -> None:
    client = console.enter(app)
    with failing("SELECT sender_allowances", error) as left:
        assert client.get("/staff/limits").status_code == 200
    assert left == [0]


def test_nothing_is_tried_for_ever(app: Flask) -> None:
    send = sent(console.enter(app), DOMAINS, domain="warehouse.example")
    times = retrying.TRIES + 1
    with failing("INSERT INTO audit", UNDONE[0], times=times) as left:
        assert send().status_code == 503
    assert left == [0]


@pytest.mark.parametrize("error", [*UNDONE, *PERHAPS_KEPT])
def test_a_public_form_is_done_again(
    client: FlaskClient, app: Flask, error: type[psycopg.Error]
) -> None:
    with failing("INSERT INTO link_requests", error) as left:
        answer = client.post("/en/amazon/my", data={"email": "ana@example.org"})
    assert (answer.status_code, left) == (303, [0])
    assert rows(app, "SELECT count(*) FROM link_requests") == [(1,)]


def test_who_asks_whether_we_are_well_is_told_at_once(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def undone() -> Answer:
        asked.append(1)
        raise OperationalError("x", {}, UNDONE[0]("x"))

    undone.access = app.view_functions["health.healthz"].access  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "health.healthz", undone)
    assert client.get("/healthz").status_code == 503
    assert asked == [1]


@pytest.mark.parametrize("path", ["my", "resend", "code", "sign"])
def test_a_form_that_cannot_be_kept_comes_back_as_it_was_typed(
    app: Flask, client: FlaskClient, path: str
) -> None:
    fields = {
        "my": {"email": "ana@example.org"},
        "resend": {"email": "ana@example.org"},
        "code": {"email": "ana@example.org", "code": "bcdfgh"},
        "sign": people.someone(1, comment="A reason.") | {"ticket": ticket(client)},
    }[path]
    with failing("INSERT", psycopg.errors.DiskFull, times=10_000):
        answer = client.post(f"/en/amazon/{path}", data=fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    for name, value in fields.items():
        assert name == "ticket" or value in page, name
    assert "please send it again" in page
    assert rows(app, "SELECT count(*) FROM entries") == [(0,)]
    assert client.post(f"/en/amazon/{path}", data=fields).status_code in {303, 422}


LINK_FORMS = {
    "correct": {"given_name": "Corinna", "family_name": "Lund-Öberg"},
    "choices": {"updates": "yes", "visibility": "public", "ticket": ""},
    "withdraw": {},
    "erase": {"sure": "yes"},
}


@pytest.fixture
def link(app: Flask, client: FlaskClient, clock: Clock, worlds: Worlds) -> str:
    return worlds.enter(app, clock, "cora_has_a_link", lambda: _link(app, client))


def _link(app: Flask, client: FlaskClient) -> str:
    return rights.signed(app, client, people.cora)


def ticket_in(page: str) -> str:
    return page.split('name="ticket" value="')[1].split('"')[0]


@contextmanager
def full_disk() -> Iterator[None]:
    with (
        failing("INSERT", psycopg.errors.DiskFull, times=10_000),
        failing("UPDATE", psycopg.errors.DiskFull, times=10_000),
        failing("DELETE", psycopg.errors.DiskFull, times=10_000),
    ):
        yield


@pytest.mark.parametrize("action", LINK_FORMS)
def test_ones_own_page_comes_back_with_what_was_typed(
    app: Flask, client: FlaskClient, link: str, action: str
) -> None:
    fields = dict(LINK_FORMS[action])
    if action == "choices":
        fields["ticket"] = ticket_in(client.get(link).get_data(as_text=True))
    before = rights.dump(app)
    with full_disk():
        answer = client.post(f"{link}/{action}", data=fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "please send it again" in page
    assert f'action="{link}/{action}"' in page
    for name, value in fields.items():
        shown = f'value="{value}"'
        if name in {"updates", "visibility"}:
            shown = f'name="{name}" value="{value}" checked'
        if name == "sure":
            shown = 'name="sure" value="yes" checked'
        assert name == "ticket" or shown in page, name
    assert rights.dump(app) == before
    assert client.post(f"{link}/{action}", data=fields).status_code in {200, 303}
    assert rights.dump(app) != before


def test_it_speaks_the_language_of_the_page(client: FlaskClient, link: str) -> None:
    for action in LINK_FORMS:
        with full_disk():
            page = client.post(
                f"{link}/{action}?lang=ar", data={"given_name": "A"} | LINK_FORMS[action]
            )
        assert 'lang="ar"' in page.get_data(as_text=True)
        assert "We could not save" not in page.get_data(as_text=True), action


@pytest.mark.parametrize(("lang", "words"), [("en", "Try again"), ("ar", "إعادة المحاولة")])
def test_without_the_database_one_button_sends_the_form_again(
    app: Flask, client: FlaskClient, link: str, lang: str, words: str
) -> None:
    """Nothing of the signature can be read, so the page has only what came with the form."""
    address, form = f"{link}/correct?lang={lang}", LINK_FORMS["correct"]
    with failing("SELECT", psycopg.errors.AdminShutdown, times=10_000):
        answer = client.post(address, data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert words in page
    for name, value in form.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert '<form method="post">' in page
    assert client.post(address, data=form | {"again": "yes"}).status_code == 303
    assert "Corinna" in client.get(link).get_data(as_text=True)


@pytest.mark.parametrize("door", ["confirm", "unsubscribe", "stop"])
def test_so_it_is_behind_every_link(app: Flask, client: FlaskClient, link: str, door: str) -> None:
    address = rights.newest(app, door)
    with full_disk(), failing("SELECT", psycopg.errors.DiskFull, times=10_000):
        answer = client.post(address, data={"everywhere": "yes"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert '<input type="hidden" name="everywhere" value="yes">' in page
    assert "please send it again" in page


@pytest.mark.parametrize("action", ["", "/download", "/download-page"])
def test_who_only_reads_is_not_told_that_something_was_not_kept(
    client: FlaskClient, link: str, action: str
) -> None:
    with failing("SELECT", psycopg.errors.AdminShutdown, times=10_000):
        answer = client.post(f"{link}{action}") if action else client.get(link)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "This page cannot be shown right now." in page
    assert "We could not save" not in page


def test_nor_is_a_reader_of_the_console(app: Flask) -> None:
    client = console.enter(app)
    with failing("SELECT sender_allowances", psycopg.errors.DiskFull, times=10_000):
        answer = client.get("/staff/limits")
    assert answer.status_code == 503
    assert "We could not save" not in answer.get_data(as_text=True)

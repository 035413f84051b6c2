"""A plain form is kept before Flask is asked: with the same answer, limits and protection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.app import create_app
from petition.config import Limit, Settings
from petition.errors import StoreUnavailable, TooManyForms
from petition.services.campaigns import content_files
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from petition.web.http.gateway import DEFERRAL, DEFERRED
from petition.web.signing.plain_requests import OUTCOME
from tests import factories, people
from tests.conftest import BEGINNING, Clock
from tests.people import Form
from tests.web.test_ready_answers import asked_of

SIGN = "/en/amazon/sign"
BROWSER = {"Sec-Fetch-Site": "same-origin"}
PLAIN = people.cora


def form_of(number: int, ticket: str) -> Form:
    return PLAIN | {"email": f"cora{number}@example.org", "ticket": ticket}


@pytest.fixture
def ticket(client: FlaskClient) -> str:
    """Of a page of a server on which somebody has signed, so that its answer is known."""
    found = factories.ticket(client)
    assert post(client, form_of(0, found)).status_code == 303
    return found


def post(client: FlaskClient, form: Form, path: str = SIGN, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, data=form, headers=BROWSER | named)


def signatures(app: Flask) -> int:
    return int(str(factories.rows(app, "SELECT count(*) FROM signatures")[0][0]))


def test_it_is_kept_without_flask_and_answered_alike(
    app: Flask, client: FlaskClient, ticket: str
) -> None:
    with asked_of(app) as seen:
        second = post(client, form_of(2, ticket))
    assert not seen
    # A mark that only Flask looks at: a query.
    by_flask = post(client, form_of(3, ticket), f"{SIGN}?a=1")
    assert (second.status, list(second.headers), second.data) == (
        by_flask.status,
        list(by_flask.headers),
        by_flask.data,
    )
    assert "Content-Security-Policy" in second.headers
    assert signatures(app) == 3
    for table, each in (("entries", 1), ("consents", 3), ("letters", 1)):
        (found,) = factories.rows(app, f"SELECT count(*) FROM {table}")
        assert found == (3 * each,), table


def test_a_repeat_is_answered_alike_and_counted_once(
    app: Flask, client: FlaskClient, ticket: str
) -> None:
    answers = [post(client, form_of(1, ticket)) for _ in range(3)]
    assert {(answer.status, tuple(answer.headers), answer.data) for answer in answers} == {
        (answers[0].status, tuple(answers[0].headers), answers[0].data)
    }
    assert signatures(app) == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "none"}, 303),
        ({"Content_Type": "text/plain"}, 422),
    ],
)
def test_who_comes_in_another_way_is_flasks(
    app: Flask, client: FlaskClient, ticket: str, headers: dict[str, str], status: int
) -> None:
    with asked_of(app) as seen:
        answer = post(client, form_of(1, ticket), **headers)
    assert seen
    assert answer.status_code == status


def test_who_brings_a_cookie_is_flasks(app: Flask, client: FlaskClient, ticket: str) -> None:
    client.set_cookie("staff", "x")
    with asked_of(app) as seen:
        assert post(client, form_of(1, ticket)).status_code == 303
    assert seen


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null"])
def test_an_old_browsers_form_from_elsewhere_is_not_kept_here(
    app: Flask, client: FlaskClient, ticket: str, origin: str
) -> None:
    with asked_of(app) as seen:
        client.post(SIGN, data=form_of(1, ticket), headers={"Origin": origin})
    assert seen


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"given_name": ""}, "Please fill this in."),
        ({"agree": ""}, "Please tick the box"),
        ({"email": "cora@gmial.com"}, "cora@gmail.com"),
        ({"ticket": "none"}, "The form was open for too long."),
    ],
)
def test_what_is_wrong_or_doubtful_is_told_by_flask_with_what_was_typed(
    app: Flask, client: FlaskClient, ticket: str, change: Form, words: str
) -> None:
    answer = post(client, form_of(1, ticket) | {"postcode": "kept as typed"[:10]} | change)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page
    assert "Lindqvist" in page
    assert signatures(app) == 1


def test_a_draft_a_closed_call_and_no_call_are_flasks(
    app: Flask, client: FlaskClient, ticket: str, clock: Clock
) -> None:
    assert post(client, form_of(1, ticket), "/en/nothing/sign").status_code == 404
    assert post(client, form_of(1, ticket), "/xx/amazon/sign").status_code == 404
    with transaction() as session:
        content_files.close(session, "amazon", at=clock())
    dependencies_of(app).campaign_cache.clear()
    answer = post(client, form_of(1, ticket))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/amazon")
    assert signatures(app) == 1


def test_an_old_ticket_is_one(client: FlaskClient, ticket: str, clock: Clock) -> None:
    clock.forward(timedelta(days=2))
    assert post(client, form_of(1, ticket)).status_code == 422


def test_each_form_is_one_request_and_one_letter_to_the_limits(
    settings: Settings, clock: Clock, app: Flask
) -> None:
    few = replace(settings, limits=replace(settings.limits, pages=Limit(20, 20)))
    client = create_app(few, now=clock).test_client()
    ticket = factories.ticket(client)
    answers = [post(client, form_of(number, ticket)).status_code for number in range(25)]
    # The page was one; shared by twos, and refused with the second that is too many.
    assert answers == [303] * 20 + [429] * 5


def test_too_many_forms_of_one_sender_are_told_on_the_form(
    settings: Settings, clock: Clock, app: Flask
) -> None:
    few = replace(settings, limits=replace(settings.limits, forms=3))
    other = create_app(few, now=clock)
    client = other.test_client()
    ticket = factories.ticket(client)
    answers = [post(client, form_of(number, ticket)) for number in range(5)]
    assert [answer.status_code for answer in answers] == [303] * 3 + [429] * 2
    page = answers[-1].get_data(as_text=True)
    assert "cora4@example.org" in page
    assert int(answers[-1].headers["Retry-After"]) > 1
    assert signatures(app) == 3


def test_what_the_database_did_not_keep_is_told_on_the_form(
    app: Flask, client: FlaskClient, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(dependencies_of(app).group_commit, "submit", fails)
    answer = post(client, form_of(1, ticket))
    assert answer.status_code == 503
    assert "cora1@example.org" in answer.get_data(as_text=True)
    assert signatures(app) == 1


def test_a_form_that_was_tried_first_is_still_one_request(
    settings: Settings, clock: Clock, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(settings, limits=replace(settings.limits, pages=Limit(20, 20)))
    other = create_app(few, now=clock)
    client = other.test_client()
    ticket = factories.ticket(client)
    assert post(client, form_of(0, ticket)).status_code == 303

    def fails(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(dependencies_of(other).group_commit, "submit", fails)
    answers = [post(client, form_of(number, ticket)).status_code for number in range(22)]
    assert answers == [503] * 19 + [429] * 3


class Later:
    """The server's way to answer later, which keeps what it is told."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.again: list[dict[str, Any]] = []

    def answer(self, answer: Any, *, at: float) -> None:
        self.answers.append(answer)

    def ask_app(self, environ: dict[str, Any]) -> None:
        self.again.append(environ)


Submit = Callable[..., None]


@pytest.mark.parametrize(
    "error", [None, StoreUnavailable(), TooManyForms(BEGINNING + timedelta(minutes=5))]
)
def test_where_the_server_can_wait_no_thread_does(
    app: Flask,
    client: FlaskClient,
    ticket: str,
    error: Exception | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting: list[Submit] = []
    monkeypatch.setattr(
        dependencies_of(app).group_commit,
        "submit_later",
        lambda _entry, _charge, then: waiting.append(then),
    )
    later, started = Later(), []
    environ = factories.environ_of(SIGN, form_of(1, ticket)) | {DEFERRAL: later}
    parts = app.wsgi_app(environ, lambda *arguments: started.append(arguments))  # type: ignore[arg-type]
    assert parts is DEFERRED
    assert not started
    assert not later.answers
    waiting[0](error, 0.0)
    if error is None:
        assert [answer.status for answer in later.answers] == [303]
        return
    (again,) = later.again
    assert again[OUTCOME] is error
    page = b"".join(app.wsgi_app(again, lambda *arguments: started.append(arguments)))  # type: ignore[arg-type]
    assert started[0][0][:3] == ("429" if isinstance(error, TooManyForms) else "503")
    assert b"cora1@example.org" in page

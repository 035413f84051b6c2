"""Limits at the door: letters that wait, forms that are not taken, and what a reader sees of it."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse as Answer

from petition.app import create_app
from petition.config import Limit, Settings
from petition.domain.abuse.senders import network_of
from petition.services.abuse.limits import LimitResult
from petition.services.abuse.shared_counts import SharedCounts
from tests import people
from tests.conftest import Clock
from tests.factories import rows, ticket, work
from tests.visitor import Visitor

OFFICE = {"REMOTE_ADDR": "203.0.113.9"}
HOME = {"REMOTE_ADDR": "203.0.113.10"}


def sign(client: FlaskClient, number: int, office: dict[str, str] = OFFICE, **more: Any) -> Answer:
    form = people.someone(number) | {"ticket": ticket(client)}
    return client.post("/en/amazon/sign", data=form | more, environ_base=office)


def narrow(settings: Settings, **limits: Any) -> Settings:
    return replace(settings, limits=replace(settings.limits, **limits))


@pytest.fixture
def small(app: Flask, settings: Settings, clock: Clock) -> FlaskClient:
    """A visitor of an app with small limits, on the same database."""
    small = narrow(settings, letters=Limit(2, 60), forms=4, links=Limit(3, 3))
    other = create_app(small, now=clock)
    other.test_client_class = Visitor
    return other.test_client()


def test_past_the_first_limit_forms_are_taken_and_their_letters_wait(
    app: Flask, small: FlaskClient, clock: Clock
) -> None:
    answers = [sign(small, number) for number in range(4)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({(a.get_data(), str(a.headers)) for a in answers}) == 1  # a stranger learns nothing
    assert work(app) == 2
    clock.forward(timedelta(minutes=1))
    assert work(app) == 1
    clock.forward(timedelta(minutes=1))
    assert work(app) == 1


def test_a_repeat_waits_and_is_refused_like_anything_new(
    app: Flask, small: FlaskClient, clock: Clock
) -> None:
    """Whether the address is known changes no answer, and no letter's turn."""
    answers = [sign(small, 7) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [303] * 4 + [429]
    assert len(set(rows(app, "SELECT due_at FROM letters"))) == 3


def test_past_the_second_limit_the_form_comes_back_as_it_was_typed(
    app: Flask, small: FlaskClient, clock: Clock
) -> None:
    for number in range(4):
        sign(small, number)
    clock.forward(timedelta(minutes=18))
    typed = {"given_name": "Zoë <b>", "comment": "A long\nreason.", "visibility": "public"}
    answer = sign(small, 5, **typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == str(42 * 60)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Time to wait: 42 minutes." in page
    for text in ("Zoë &lt;b&gt;", "A long\nreason.", people.someone(5)["email"]):
        assert text in html.unescape(page) or text in page
    assert re.search(r'name="visibility" value="public"[^>]* checked', page)
    assert re.search(r'name="agree"[^>]* checked', page)
    assert rows(app, "SELECT count(*) FROM entries") == [(4,)]
    assert rows(app, "SELECT count(*) FROM letters") == [(4,)]
    assert sign(small, 5, HOME).status_code == 303  # at the next address nobody notices
    clock.forward(timedelta(minutes=42))
    assert sign(small, 5).status_code == 303


def test_it_is_said_in_the_readers_language(small: FlaskClient) -> None:
    for number in range(4):
        sign(small, number)
    form = people.someone(9) | {"ticket": ticket(small, "ar")}
    answer = small.post("/ar/amazon/sign", data=form, environ_base=OFFICE)
    assert answer.status_code == 429
    assert "مدة الانتظار" in answer.get_data(as_text=True)


@pytest.mark.each_case_on_both
@pytest.mark.parametrize("path", ["resend", "my"])
def test_asking_for_a_letter_has_a_limit_and_keeps_the_address(
    app: Flask, small: FlaskClient, path: str
) -> None:
    def ask() -> Answer:
        data = {"email": "somebody@example.org"}
        return small.post(f"/en/amazon/{path}", data=data, environ_base=OFFICE)

    answers = [ask() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [303] * 3 + [429]
    assert int(answers[-1].headers["Retry-After"]) == 3600
    assert 'value="somebody@example.org"' in answers[-1].get_data(as_text=True)
    assert rows(app, "SELECT count(*) FROM link_requests") == [(3,)]


def test_codes_have_a_minutes_and_an_hours_limit_whatever_the_address(
    app: Flask, settings: Settings, clock: Clock
) -> None:
    other = create_app(narrow(settings, codes=Limit(2, 3)), now=clock)
    other.test_client_class = Visitor
    client, addresses = other.test_client(), count()

    def type_code(place: dict[str, str] = OFFICE) -> Answer:
        data = {"email": f"person.{next(addresses)}@example.org", "code": "BCD-FGH"}
        return client.post("/en/amazon/code", data=data, environ_base=place)

    answers = [type_code() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert answers[-1].headers["Retry-After"] == "60"
    clock.forward(timedelta(minutes=1))
    answers = [type_code() for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 429]
    assert answers[-1].headers["Retry-After"] == str(59 * 60)
    assert type_code(HOME).status_code == 422
    assert rows(app, "SELECT sum(tries) FROM code_tries") == [(4,)], "only what was judged"


def test_letters_asked_for_wait_for_the_same_turn_as_those_of_forms(
    app: Flask, small: FlaskClient, clock: Clock
) -> None:
    """Or `resend` would be a second way to make us write to strangers."""
    sign(small, 1, HOME)
    work(app)
    for number in (2, 3):
        sign(small, number)
    for _ in range(2):
        small.post(
            "/en/amazon/resend", data={"email": people.someone(1)["email"]}, environ_base=OFFICE
        )
    assert work(app) == 2  # the two forms'; what was asked for waits
    clock.forward(timedelta(minutes=1))
    assert work(app) == 1
    last = small.post("/en/amazon/my", data={"email": "x@example.org"}, environ_base=OFFICE)
    assert last.status_code == 429  # four forms an hour, of whatever kind


def test_no_column_of_a_form_holds_its_sender(app: Flask, small: FlaskClient) -> None:
    sign(small, 1)
    small.post("/en/amazon/my", data={"email": people.someone(1)["email"]}, environ_base=OFFICE)
    ((hash_,),) = set(rows(app, "SELECT sender FROM sender_counts"))
    for table in ("signatures", "entries", "consents", "letters", "link_requests", "audit"):
        held = repr(rows(app, f"SELECT * FROM {table}"))  # our own names
        assert repr(hash_) not in held
        assert OFFICE["REMOTE_ADDR"] not in held


def test_behind_a_trusted_proxy_each_visitor_is_a_sender(
    app: Flask, settings: Settings, clock: Clock
) -> None:
    proxied = create_app(replace(narrow(settings, forms=1), trusted_proxies=1), now=clock)
    proxied.test_client_class = Visitor
    client = proxied.test_client()

    def from_(forwarded: str, number: int) -> int:
        form = people.someone(number) | {"ticket": ticket(client)}
        headers = {"X-Forwarded-For": forwarded}
        return client.post("/en/amazon/sign", data=form, headers=headers).status_code

    assert from_("198.51.100.1", 1) == 303
    assert from_("198.51.100.1", 2) == 429
    assert from_("198.51.100.2", 3) == 303
    assert from_("6.6.6.6, 198.51.100.2", 4) == 429  # what a visitor claims is not believed
    assert from_("2001:db8::1", 5) == 303
    assert from_("2001:db8::ffff", 6) == 429


def test_behind_an_unknown_proxy_nobody_is_limited(
    app: Flask, settings: Settings, clock: Clock
) -> None:
    hidden = create_app(narrow(settings, forms=1), now=clock)
    hidden.test_client_class = Visitor
    client = hidden.test_client()
    for number in range(3):
        form = people.someone(number) | {"ticket": ticket(client)}
        headers = {"X-Forwarded-For": "198.51.100.1"}
        assert client.post("/en/amazon/sign", data=form, headers=headers).status_code == 303


@pytest.fixture
def busy(app: Flask, settings: Settings, clock: Clock) -> Flask:
    """An app that takes nine requests in a minute, and eighteen in an hour, from one sender."""
    other = create_app(narrow(settings, pages=Limit(9, 18)), now=clock)
    other.test_client_class = Visitor
    return other


def statuses(client: FlaskClient, path: str, number: int, **peer: str) -> list[int]:
    return [client.get(path, environ_base=peer or OFFICE).status_code for _ in range(number)]


def test_all_requests_together_have_a_limit(busy: Flask, clock: Clock) -> None:
    client = busy.test_client()
    assert statuses(client, "/en/amazon", 9) == [200] * 9
    answer = client.get("/en/amazon", environ_base=OFFICE)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["Cache-Control"] == "no-store"
    for free in ("/healthz", "/readyz"):
        assert client.get(free, environ_base=OFFICE).status_code == 200
    assert client.get("/en/amazon", environ_base=HOME).status_code == 200
    assert client.get("/en/nothing", environ_base=OFFICE).status_code == 429
    clock.forward(timedelta(minutes=1))
    assert statuses(client, "/en/amazon", 9) == [200] * 9
    clock.forward(timedelta(minutes=1))
    answer = client.get("/en/amazon", environ_base=OFFICE)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 58 * 60
    assert "Time to wait: 58 minutes." in answer.get_data(as_text=True)


def test_addresses_of_one_network_are_one_sender(busy: Flask) -> None:
    client = busy.test_client()
    found = [
        client.get("/en/amazon", environ_base={"REMOTE_ADDR": f"2001:db8::{n:x}"}).status_code
        for n in range(10)
    ]
    assert found == [200] * 9 + [429]


@pytest.mark.each_case_on_both
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("sign", people.someone(1)),
        ("resend", {"email": "kept@example.org"}),
        ("my", {"email": "kept@example.org"}),
        ("code", {"email": "kept@example.org", "code": "bcdfgh"}),
    ],
)
def test_whatever_limit_it_is_a_form_is_kept(
    app: Flask, busy: Flask, path: str, fields: dict[str, str]
) -> None:
    client = busy.test_client()
    statuses(client, "/en/amazon", 9)
    answer = client.post(f"/en/amazon/{path}", data=fields, environ_base=OFFICE)
    assert answer.status_code == 429
    assert "Retry-After" in answer.headers
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    page = html.unescape(answer.get_data(as_text=True))
    assert all(value in page for value in fields.values())
    assert "Please wait a while. What you typed is still here." in page or path == "code"
    assert rows(app, "SELECT count(*) FROM entries") == [(0,)]


def test_processes_share_what_they_count(app: Flask, settings: Settings, clock: Clock) -> None:
    other = create_app(narrow(settings, pages=Limit(20, 40)), now=clock)
    other.test_client_class = Visitor
    one = create_app(narrow(settings, pages=Limit(20, 40)), now=clock)
    one.test_client_class = Visitor
    assert statuses(one.test_client(), "/en/amazon", 20) == [200] * 20
    # Up to a tenth of the limit more, until it tells the database and learns of the others.
    assert statuses(other.test_client(), "/en/amazon", 3) == [200, 429, 429]


def test_a_reader_of_some_pages_is_not_in_the_database(app: Flask, clock: Clock) -> None:
    client = app.test_client()
    statuses(client, "/en/amazon", 299)
    assert rows(app, "SELECT count(*) FROM sender_counts") == [(0,)]
    statuses(client, "/en/amazon", 1)
    assert rows(app, "SELECT action, hour FROM sender_counts") == [("other", 300)]


def test_a_clock_that_is_set_back_makes_nobody_wait_longer() -> None:
    counts, network = SharedCounts(Limit(20, 40)), network_of("203.0.113.9")
    at = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    is_over = True

    def share(_number: int) -> LimitResult:
        return LimitResult(over=is_over, retry_after=60 if is_over else 0)

    assert [counts.count(network, share, at=at).over for _ in range(2)] == [False, True]
    assert counts.count(network, share, at=at + timedelta(seconds=59)).over
    # A request that came a moment before is answered a moment later.
    assert counts.count(network, share, at=at - timedelta(milliseconds=5)).over
    is_over = False
    for back in (timedelta(seconds=2), timedelta(minutes=50), timedelta(days=400)):
        assert not counts.count(network, share, at=at - back).over


def test_without_its_database_a_process_goes_by_its_own_count() -> None:
    def away(_number: int) -> LimitResult:
        raise OperationalError("", {}, Exception())

    counts, network = SharedCounts(Limit(20, 40)), network_of("203.0.113.9")
    at = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    found = [counts.count(network, away, at=at).over for _ in range(22)]
    assert found == [False] * 19 + [True] * 3
    assert not counts.count(network, away, at=at + timedelta(minutes=1)).over

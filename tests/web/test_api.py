"""The API: what anybody may read, and signing by a program as by the form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.app import create_app
from petition.config import Limit, Settings
from petition.domain.api.request_keys import GIVEN_UP, KEPT, request_key
from petition.domain.api.tokens import Scope
from petition.errors import StoreUnavailable
from petition.services.counts import country_figures
from petition.store.api import request_keys
from petition.store.campaigns import campaigns
from petition.store.counts import totals
from petition.store.db import reading, transaction
from petition.web.api import openapi
from petition.web.http.dependencies import dependencies_of
from petition.web.http.gateway import REFUSED
from petition.web.http.problems import ProblemKind, words
from tests import api_tokens, factories, partner_sites, people, programs
from tests.conftest import Clock
from tests.partner_sites import SITE
from tests.programs import PLACE, body_of, kind, pointers, send
from tests.visitor import Visitor

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NAME = "6b2b6f1e-6a9c-4c39-8d4a-0b4f3d1f7a11"
"""Of a request, as a program names it."""


@pytest.fixture
def key(app: Flask) -> str:
    return partner_sites.make(app)


def entries(app: Flask) -> int:
    return int(str(factories.rows(app, "SELECT count(*) FROM entries")[0][0]))


# --- what anybody may read ------------------------------------------------------------------------


@on_sqlite
def test_texts_are_those_of_the_page_with_the_version_of_each_question(
    client: FlaskClient, app: Flask
) -> None:
    found = client.get(f"{PLACE}/texts/ar").get_json()
    page = client.get("/ar/amazon").get_data(as_text=True)
    assert found["title"] in page
    assert found["page"].endswith("/ar/amazon")
    kept = dict(
        factories.rows(
            app,
            # Of the form that signs: writing without signing is no thing of the API.
            "SELECT purpose, sha256 FROM consent_texts"
            " WHERE language = 'ar' AND purpose != 'writing'",
        )
    )
    assert {each["purpose"]: each["text_sha256"] for each in found["consents"]} == kept
    assert client.get(f"{PLACE}/texts/xx").status_code == 404
    assert client.get("/api/v1/campaigns/nothing/counts").status_code == 404


def test_counts_are_the_pages_own_and_tens_by_country(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    factories.change(
        app,
        "INSERT INTO count_changes (campaign_id, day, country, language, source, change)"
        " SELECT id, '2026-11-02', country, 'en', '', number FROM campaigns,"
        " (SELECT 'DE' AS country, 27 AS number UNION SELECT 'FR', 9) AS came",
    )
    factories.work(app)
    found = client.get(f"{PLACE}/counts").get_json()
    assert found["confirmed"] == 36
    assert found["countries"] == [{"country": "DE", "people": 20}]
    assert found["others"] == 10
    assert client.get(f"{PLACE}/counter").get_json() == {
        "confirmed": 36,
        "goal": found["goal"],
    }
    with app.app_context(), reading() as session:
        id_ = campaigns.by_slug(session, "amazon").id
        shown = country_figures.countries(session, id_)
        assert totals.total(session, id_) == 36
    assert shown is not None
    assert shown.places == {"DE": 20}


@on_sqlite
def test_anybodys_answers_are_cached_by_anybody_and_read_from_any_site(
    client: FlaskClient,
) -> None:
    for place in ("/api/v1/campaigns", PLACE, *(f"{PLACE}/{x}" for x in ("counts", "texts/de"))):
        answer = client.get(place, headers={"Origin": "https://stranger.example"})
        assert answer.status_code == 200, place
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["Cache-Control"].startswith("public, max-age=")
        assert "Set-Cookie" not in answer.headers
        again = client.get(place, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Access-Control-Allow-Origin"] == "*"


@on_sqlite
def test_a_draft_is_nowhere(app: Flask, client: FlaskClient) -> None:
    factories.change(app, "UPDATE campaigns SET state = 'draft'")
    dependencies_of(app).campaign_cache.clear()
    assert client.get("/api/v1/campaigns").get_json() == {"campaigns": []}
    for place in (PLACE, f"{PLACE}/counts", f"{PLACE}/counter", f"{PLACE}/texts/en"):
        assert kind(client.get(place)) == "not-found"
    assert kind(send(client, None, {})) == "not-found"


# --- signing --------------------------------------------------------------------------------------


def test_a_program_signs_for_its_partner_and_the_person_confirms(
    app: Flask, client: FlaskClient, key: str
) -> None:
    answer = programs.sign(client, key, people.amina, "ar")
    assert (answer.status_code, answer.get_json()) == (202, {"next": "confirm-by-email"})
    assert factories.rows(app, "SELECT state FROM signatures") == [("pending",)]
    assert set(factories.rows(app, "SELECT way FROM consents")) == {("api",)}
    factories.work(app)
    (letter,) = factories.letters(app)
    assert client.post(factories.link_in(letter)).status_code == 303
    factories.work(app)
    with app.app_context(), reading() as session:
        id_ = campaigns.by_slug(session, "amazon").id
        assert totals.by(session, id_, "partner") == [(key, 1)]


def test_what_a_program_sends_is_kept_as_a_forms_would_be(
    app: Flask, client: FlaskClient, key: str
) -> None:
    """The same row but for the partner, and the consents but for the way."""
    partner_sites.sign(client, key, people.ben)
    programs.sign(client, key, people.ben | {"email": "ben.other@example.org"})
    kept = factories.rows(
        app, "SELECT country, language, visibility, updates, partner FROM entries"
    )
    assert kept[0] == kept[1]
    answers = "SELECT purpose, consent_text_id, answer FROM consents WHERE way = '{}' ORDER BY 1"
    assert factories.rows(app, answers.format("api")) == factories.rows(app, answers.format("web"))


def test_the_answer_tells_nobody_who_signed(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    """New, known, confirmed, and of an address that wants none of our emails: the same bytes."""
    first = programs.sign(client, key, people.ben)
    factories.work(app)
    link = factories.link_in(factories.letters(app)[0])
    again = programs.sign(client, key, people.ben_again)
    client.post(link)
    confirmed = programs.sign(client, key, people.ben)
    factories.change(app, "UPDATE signatures SET state = 'rejected'")
    refused = programs.sign(client, key, people.ben)
    fresh = programs.sign(client, key, people.cora)
    for other in (again, confirmed, refused, fresh):
        assert (other.status, other.data) == (first.status, first.data)
        assert list(other.headers) == list(first.headers)


@on_sqlite
def test_a_ticket_of_our_own_form_signs_too(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    body = body_of(client, people.cora) | {"ticket": factories.ticket(client)}
    assert send(client, None, body, Origin="http://localhost").status_code == 202
    assert kind(send(client, None, body, Origin=SITE)) == "not-allowed"
    framed = body | {"ticket": partner_sites.ticket(client, key), "email": "c@example.org"}
    assert send(client, key, framed, Origin=SITE).status_code == 202
    for wrong in ({}, {"ticket": "x"}, {"ticket": framed["ticket"]}):
        sent = {name: value for name, value in body.items() if name != "ticket"} | wrong
        assert kind(send(client, None, sent)) == "old-ticket"
    assert kind(send(client, key, body)) == "old-ticket"
    clock.forward(timedelta(hours=25))
    assert pointers(send(client, None, body)) == ["/ticket"]
    assert entries(app) == 2


@on_sqlite
def test_a_key_is_its_partners_pages_own(app: Flask, client: FlaskClient, key: str) -> None:
    body = body_of(client, people.cora)
    other = partner_sites.make(app, "Other", ("https://other.example",))
    for origin in ("https://stranger.example", "null", "", f"{SITE}.evil.example", f"{SITE}:8443"):
        assert kind(send(client, key, body, Origin=origin)) == "not-allowed", origin
    assert kind(send(client, other, body, Origin=SITE)) == "not-allowed"
    assert kind(send(client, "0" * 16, body)) == "no-partner"
    assert entries(app) == 0
    answer = send(client, key, body, Origin=SITE)
    assert answer.status_code == 202
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    partner_sites.block(app, key)
    assert kind(send(client, key, body, Origin=SITE)) == "no-partner"


@on_sqlite
def test_a_browser_may_ask_before_it_sends(client: FlaskClient, key: str) -> None:
    answer = client.options(
        f"{PLACE}/signatures?partner={key}",
        headers={"Origin": SITE, "Access-Control-Request-Method": "POST"},
    )
    assert answer.status_code == 200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]
    assert "Authorization" not in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


# --- what is wrong, and where ---------------------------------------------------------------------

WRONG: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({"given_name": "https://evil.example"}, ["/given_name"]),
    ({"email": "nobody"}, ["/email"]),
    ({"email": "wanda@amazon.com"}, ["/email"]),
    ({"country": "XX", "given_name": " "}, ["/given_name", "/country"]),
    ({"comment": "x" * 1001}, ["/comment"]),
    ({"comment": "x" * 10_001}, ["/comment"]),
    ({"given_name": 7}, ["/given_name"]),
    ({"given_name": None}, ["/given_name"]),
    ({"language": "xx"}, ["/language"]),
    ({"language": "English"}, ["/language"]),
    ({"honey/pot~": "x"}, ["/honey~1pot~0"]),
    ({"subject": "x"}, ["/subject"]),
    ({"consents": []}, ["/consents", "/consents"]),
    ({"consents": [{}]}, ["/consents/0/purpose"]),
    ({"consents": {}}, ["/consents"]),
)


@on_sqlite
@pytest.mark.parametrize(("change", "where"), WRONG, ids=str)
def test_a_wrong_field_is_pointed_at(
    app: Flask, client: FlaskClient, key: str, change: dict[str, Any], where: list[str]
) -> None:
    answer = send(client, key, body_of(client, people.cora) | change)
    assert answer.status_code == 422
    assert kind(answer) == "wrong-fields"
    assert pointers(answer) == where
    assert entries(app) == 0


@on_sqlite
def test_the_same_is_wrong_as_on_the_form_in_the_same_words(client: FlaskClient, key: str) -> None:
    bad = people.cora | {"email": "nobody", "country": "", "agree": "no"}
    page = partner_sites.sign(client, key, bad, "de").get_data(as_text=True)
    problem = send(client, key, body_of(client, bad, "de"), "de").get_json()
    assert len(problem["errors"]) == 3
    assert problem["errors"][2]["pointer"].startswith("/consents/")
    for each in problem["errors"]:
        assert each["detail"] in page


@on_sqlite
def test_an_answer_to_other_words_is_none(app: Flask, client: FlaskClient, key: str) -> None:
    body = body_of(client, people.cora)
    numbers = {each["purpose"]: n for n, each in enumerate(body["consents"])}
    body["consents"][numbers["sign"]]["text_sha256"] = "0" * 64
    answer = send(client, key, body)
    assert kind(answer) == "old-text"
    assert pointers(answer) == [f"/consents/{numbers['sign']}/text_sha256"]
    body = body_of(client, people.cora)
    asked_twice = body | {"consents": [*body["consents"], body["consents"][0]]}
    assert pointers(send(client, key, asked_twice)) == [f"/consents/{len(numbers)}/purpose"]
    nobodys = body["consents"][0] | {"purpose": "nothing"}
    unasked = body | {"consents": [*body["consents"], nobodys]}
    assert pointers(send(client, key, unasked)) == [f"/consents/{len(numbers)}/purpose"]
    assert entries(app) == 0


@on_sqlite
def test_what_is_doubtful_is_asked_about_once(app: Flask, client: FlaskClient, key: str) -> None:
    body = body_of(client, people.cora | {"email": "cora@gmial.com", "comment": "I am at BER3"})
    answer = send(client, key, body)
    assert kind(answer) == "please-check"
    assert pointers(answer) == ["/email", "/comment"]
    assert "cora@gmail.com" in answer.get_json()["errors"][0]["detail"]
    assert entries(app) == 0
    noticed = answer.get_json()["noticed"]
    assert send(client, key, body | {"noticed": noticed}).status_code == 202


@on_sqlite
def test_a_problem_speaks_the_programs_language(client: FlaskClient, key: str) -> None:
    for lang, headers in (("ar", {}), ("", {"Accept_Language": "ar"})):
        answer = send(client, key, {"language": 1}, lang, **headers)
        assert answer.headers["Content-Language"] == "ar"
        assert any("\u0600" < letter < "\u06ff" for letter in answer.get_json()["title"])
    missing = client.get("/api/v1/nothing?lang=de")
    assert missing.headers["Content-Language"] == "de"
    assert kind(missing) == "not-found"


@on_sqlite
def test_every_kind_of_problem_has_words_in_every_kind_of_place(app: Flask) -> None:
    with app.test_request_context("/api/v1/"):
        assert all(all(words(each)) for each in ProblemKind)


# --- once -----------------------------------------------------------------------------------------


def named(client: FlaskClient, key: str, body: object, name: str = NAME) -> Answer:
    return send(client, key, body, Idempotency_Key=name)


def test_a_request_with_a_name_is_done_once(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    body = body_of(client, people.cora)
    first, second = named(client, key, body), named(client, key, body)
    assert (first.status_code, second.status_code) == (202, 202)
    assert (first.data, list(first.headers)) == (second.data, list(second.headers))
    assert entries(app) == 1
    assert kind(named(client, key, body | {"given_name": "Carl"})) == "key-used"
    other = partner_sites.make(app, "Other")
    assert named(client, other, body).status_code == 202, "another's names are its own"
    assert entries(app) == 2
    clock.forward(KEPT)
    assert named(client, key, body | {"given_name": "Carl"}).status_code == 202
    assert entries(app) == 3


def test_what_was_not_done_can_be_sent_again_under_its_name(
    app: Flask, client: FlaskClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = body_of(client, people.cora)
    assert named(client, key, body | {"email": "nobody"}).status_code == 422
    group_commit = dependencies_of(app).group_commit

    def fail(*args: object) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(group_commit, "submit", fail)
        assert named(client, key, body).status_code == 503
    assert named(client, key, body).status_code == 202
    assert entries(app) == 1


def test_while_the_first_runs_the_second_waits(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    body = body_of(client, people.cora)
    asked = request_key(
        dependencies_of(app).settings.secret_key,
        owner=f"{PLACE}/signatures {key}",
        named=NAME,
        body=json.dumps(body).encode(),
    )
    sent = {"data": json.dumps(body), "content_type": "application/json"}
    place, headers = f"{PLACE}/signatures?partner={key}", {"Idempotency-Key": NAME}
    with app.app_context(), transaction() as session:
        request_keys.claim(session, asked, at=clock())
    answer = client.post(place, headers=headers, **sent)
    assert kind(answer) == "running"
    assert int(answer.headers["Retry-After"]) > 0
    clock.forward(GIVEN_UP)  # its process is gone
    assert client.post(place, headers=headers, **sent).status_code == 202


@on_sqlite
def test_what_is_kept_of_a_name_is_nobodys_and_for_a_day(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    named(client, key, body_of(client, people.cora))
    (row,) = factories.rows(app, "SELECT * FROM request_keys")
    assert [len(cell) for cell in row if isinstance(cell, bytes)] == [32, 32]
    named(client, key, body_of(client, people.cora), NAME[::-1])
    bodies = factories.rows(app, "SELECT DISTINCT body FROM request_keys")
    assert len(bodies) == 2, "one body under two names cannot be known again"
    for name in ("short", "x" * 129, "with spaces in it, and long", "ü" * 20):
        assert kind(named(client, key, {}, name.encode().decode("latin-1"))) == "wrong-fields"
    clock.forward(KEPT)
    factories.work(app)
    assert factories.rows(app, "SELECT * FROM request_keys") == []


# --- every status that the document names ---------------------------------------------------------


def met(app: Flask, client: FlaskClient, key: str) -> Iterator[tuple[str, Answer]]:
    """An answer of each status of each operation, by the operation's name."""
    body = body_of(client, people.cora)
    shown = {
        "listCampaigns": "/api/v1/campaigns",
        "getCampaign": PLACE,
        "getTexts": f"{PLACE}/texts/en",
        "getCounts": f"{PLACE}/counts",
        "getCounter": f"{PLACE}/counter",
    }
    for id_, place in shown.items():
        found = client.get(place)
        yield id_, found
        yield id_, client.get(place, headers={"If-None-Match": found.headers["ETag"]})
        if "amazon" in place:
            yield id_, client.get(place.replace("amazon", "nothing"))
        yield id_, client.get(place, environ_overrides={REFUSED: 503})
        yield id_, client.get(place, environ_overrides={REFUSED: 429})
    yield "getTexts", client.get(f"{PLACE}/texts/en?partner={'0' * 16}")
    yield from read_by_tokens(app, client)
    sign = f"{PLACE}/signatures?partner={key}"
    yield "sign", client.post(sign, json=body)
    yield "sign", client.post(sign, data="{", content_type="application/json")
    yield "sign", client.post(sign, json=body, headers={"Origin": "https://stranger.example"})
    yield "sign", client.post(sign.replace("amazon", "nothing"), json=body)
    yield "sign", client.post(sign, data="x" * 70_000, content_type="application/json")
    yield "sign", client.post(sign, data=people.cora)
    yield "sign", client.post(sign, json={})
    yield "sign", client.post(sign, json=body, environ_overrides={REFUSED: 429})
    yield "sign", client.post(sign, json=body, environ_overrides={REFUSED: 503})
    factories.change(app, "UPDATE campaigns SET state = 'closed'")
    dependencies_of(app).campaign_cache.clear()
    yield "sign", client.post(sign, json=body)


def read_by_tokens(app: Flask, client: FlaskClient) -> Iterator[tuple[str, Answer]]:
    """The same of what tokens open."""
    for id_, place, scope, other in (
        ("listSignatures", "signatures", Scope.SIGNATURES, Scope.WITHDRAWALS),
        ("listWithdrawals", "withdrawals", Scope.WITHDRAWALS, Scope.SIGNATURES),
    ):
        token = api_tokens.make(app, scopes=(scope,))
        sent = {"Authorization": f"Bearer {token}"}
        yield id_, client.get(f"{PLACE}/{place}")
        yield id_, client.get(f"{PLACE}/{place}", headers=sent)
        yield id_, client.get(f"{PLACE}/{place}?limit=0", headers=sent)
        yield id_, client.get(f"{PLACE.replace('amazon', 'nothing')}/{place}", headers=sent)
        yield id_, api_tokens.read(client, api_tokens.make(app, scopes=(other,)), place)
        yield id_, client.get(f"{PLACE}/{place}", environ_overrides={REFUSED: 429})
        yield id_, client.get(f"{PLACE}/{place}", environ_overrides={REFUSED: 503})


@on_sqlite
def test_every_status_that_is_documented_is_met_and_no_other(
    app: Flask, client: FlaskClient, key: str
) -> None:
    found: dict[str, set[int]] = {}
    for id_, answer in met(app, client, key):
        found.setdefault(id_, set()).add(answer.status_code)
        if answer.status_code >= 400:
            assert kind(answer)
    told = {each.operation.id: set(each.operation.statuses) for each in openapi.operations(app)}
    assert found == told


@on_sqlite
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_another_method_is_a_problem_too(client: FlaskClient, method: str) -> None:
    answer = client.open(f"{PLACE}/counts", method=method.upper())
    assert kind(answer) == "method"
    assert "GET" in answer.headers["Allow"]
    for status, wanted in ((408, "timed-out"), (413, "too-large"), (400, "not-read")):
        refused = client.post(f"{PLACE}/signatures", environ_overrides={REFUSED: status})
        assert (kind(refused), refused.status_code) == (wanted, status)


@on_sqlite
def test_who_sends_too_much_is_told_when_to_come_again(settings: Settings, clock: Clock) -> None:
    limits = replace(settings.limits, forms=2, pages=Limit(10, 10))
    app = create_app(replace(settings, limits=limits), now=clock)
    app.test_client_class = Visitor
    key = partner_sites.make(app)
    client: FlaskClient = app.test_client()
    answers = [programs.sign(client, key, people.someone(n)) for n in range(3)]
    assert [each.status_code for each in answers] == [202, 202, 429]
    assert kind(answers[-1]) == "too-many"
    assert answers[-1].headers["RateLimit-Policy"] == '"signatures";q=2;w=3600'
    assert answers[-1].headers["Retry-After"] in answers[-1].headers["RateLimit"]
    further = [client.get(f"{PLACE}/counter") for _ in range(11)]
    assert kind(further[-1]) == "too-many"
    assert further[-1].headers["RateLimit-Policy"] == '"requests";q=10;w=3600'


@on_sqlite
def test_a_fault_of_ours_is_a_problem_without_its_inside(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*args: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(dependencies_of(app).campaign_cache, "languages", fault)
    answer = client.get(PLACE)
    assert kind(answer) == "wrong-here"
    assert "planted" not in answer.get_data(as_text=True)

"""Somebody does not follow links in letters: they type the code, on a device of their choice."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings, strategies as st

from petition.app import SHIPPED
from petition.domain.letters import confirmation_code as codes
from petition.services.campaigns import content_files
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import rows, work
from tests.worlds import Worlds

CORA = people.cora["email"]
WRONG = "BCD-FGH"


@pytest.fixture
def code(app: Flask, client: FlaskClient, clock: Clock, worlds: Worlds) -> str:
    """Cora has signed; the code in her letter."""
    return worlds.enter(app, clock, "cora_has_a_code", lambda: _sign(app, client))


def _sign(app: Flask, client: FlaskClient) -> str:
    factories.sign(client, people.cora)
    work(app)
    return rights.code_in(factories.letters(app)[0])


def test_on_another_device(app: Flask, code: str) -> None:
    phone = app.test_client()
    page = phone.get("/code", follow_redirects=True)
    assert page.status_code == 200
    assert 'autocomplete="one-time-code"' in page.get_data(as_text=True)
    answer = rights.type_code(phone, CORA, code)
    assert (answer.status_code, answer.location) == (303, "/en/amazon/confirmed")
    assert "Set-Cookie" not in answer.headers
    work(app)
    assert rights.state(app) == "confirmed"
    assert rights.counted(app)["total", ""] == 1
    assert rights.kinds(app) == [("confirm", "sent"), ("thanks", "sent")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "way",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " – "),
        lambda code: f"  {code}\n",
        lambda code: "\u2067" + code.replace("-", "\u0640") + "\u2069",
        lambda code: "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in code),
    ],
)
def test_however_it_is_spelled(app: Flask, client: FlaskClient, code: str, way: Any) -> None:
    spelled = way(code)
    answer = rights.type_code(client, "  The.Lindqvists@EXAMPLE.net ", spelled)
    assert answer.status_code == 303
    assert rights.state(app) == "confirmed"


def test_ten_times_is_once(app: Flask, client: FlaskClient, code: str) -> None:
    for _ in range(10):
        assert rights.type_code(client, CORA, code).status_code == 303
    work(app)
    assert rights.counted(app)["total", ""] == 1
    assert rows(app, "SELECT count(*) FROM letters WHERE kind = 'thanks'") == [(1,)]


def test_it_confirms_its_own_form_and_no_other(app: Flask, client: FlaskClient, code: str) -> None:
    factories.sign(client, people.carl)
    work(app)
    other = next(c for c in map(rights.code_in, factories.letters(app)) if c != code)
    assert rights.type_code(client, CORA, other).status_code == 303
    assert rights.person(app).given_name == "Carl"
    rights.type_code(client, CORA, code)
    assert rights.person(app).given_name == "Carl", "the first one that was confirmed stands"


def test_never_for_another_address(app: Flask, client: FlaskClient, code: str) -> None:
    factories.sign(client, people.amina)
    work(app)
    answers = {
        (answer.status_code, answer.get_data(as_text=True).replace(email, "…"))
        for email in (people.amina["email"], "nobody@example.org")
        for answer in [rights.type_code(client, email, code)]
    }
    assert len(answers) == 1, "known or not, the page is the same"
    assert next(iter(answers))[0] == 422
    assert [state for (state,) in rows(app, "SELECT state FROM signatures")] == ["pending"] * 2


def test_an_old_one_is_worth_nothing(
    app: Flask, client: FlaskClient, code: str, clock: Clock
) -> None:
    clock.forward(timedelta(days=7))
    assert rights.type_code(client, CORA, code).status_code == 422
    assert rights.state(app) == "pending"


def test_one_from_before_a_withdrawal_does_not_bring_it_back(
    app: Flask, client: FlaskClient, code: str, clock: Clock
) -> None:
    clock.forward(timedelta(minutes=1))
    rights.type_code(client, CORA, code)
    work(app)
    client.post(f"{rights.newest(app, 'my')}/withdraw")
    rights.type_code(client, CORA, code)
    assert rights.state(app) == "withdrawn"
    clock.forward(timedelta(days=1))
    factories.sign(client, people.cora)
    work(app)
    rights.type_code(client, CORA, code)
    (again,) = rights.ids(app)
    assert rights.state(app, again) == "pending", "the withdrawn one is gone by now"
    newest = rights.code_in(factories.letters(app)[-1])
    assert newest != code
    rights.type_code(client, CORA, newest)
    assert rights.state(app, again) == "confirmed"


@pytest.mark.parametrize("email", [CORA, "nobody@example.org"])
def test_after_ten_tries_it_is_enough_for_today(
    app: Flask, client: FlaskClient, code: str, clock: Clock, email: str
) -> None:
    for _ in range(10):
        assert rights.type_code(client, email, WRONG).status_code == 422
        clock.forward(timedelta(minutes=1))
    for typed in (WRONG, code):
        answer = rights.type_code(client, email, typed)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert "The link in the email still works" in answer.get_data(as_text=True)
    assert rights.state(app) == "pending"
    clock.forward(timedelta(days=1))
    assert rights.type_code(client, email, code).status_code == (303 if email == CORA else 422)


def test_known_and_unknown_are_told_the_same_at_each_try(
    app: Flask, client: FlaskClient, code: str
) -> None:
    for _ in range(12):
        answers = {
            (a.status_code, tuple(a.headers), a.get_data(as_text=True).replace(email, "…"))
            for email in (CORA, "nob.lindqvists@example.net")
            for a in [rights.type_code(client, email, WRONG)]
        }
        assert len({(status, text) for status, _, text in answers}) == 1


def test_the_link_works_though_the_codes_are_used_up(
    app: Flask, client: FlaskClient, code: str
) -> None:
    for _ in range(12):
        rights.type_code(client, CORA, WRONG)
    assert client.post(rights.newest(app, "confirm")).status_code == 303
    assert rights.state(app) == "confirmed"


ODD = (
    "",
    "-",
    "BCD",
    "BCDFGHJ",
    "AEIOUY",
    "123456",
    "ＢＣＤ",
    "BCD\x00FGH",
    "🙂" * 6,
    "B" * 60_000,
    "B" * 70_000,
)


@pytest.mark.slow
@pytest.mark.parametrize("typed", ODD)
def test_odd_ones_are_turned_down_kindly(
    app: Flask, client: FlaskClient, code: str, typed: str
) -> None:
    answer = rights.type_code(client, CORA, typed)
    assert answer.status_code == (413 if len(typed) > 65_000 else 422)
    assert rights.state(app) == "pending"


@given(typed=st.text(max_size=40), email=st.text(max_size=40))
@settings(max_examples=40)
def test_whatever_is_typed_nothing_breaks(
    app: Flask, client: FlaskClient, code: str, typed: str, email: str
) -> None:
    for address in (email, f"{len(typed)}@example.org"):
        answer = client.post(
            "/en/amazon/code",
            data={
                "email": address.encode("utf-8", "surrogatepass"),
                "code": typed.encode("utf-8", "surrogatepass"),
            },
        )
        assert answer.status_code in {422, 429}


def test_not_from_another_sites_page(app: Flask, client: FlaskClient, code: str) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        for place in ("code", "my", "resend"):
            data = {"email": CORA, "code": code}
            answer = client.post(f"/en/amazon/{place}", data=data, headers=headers)
            assert answer.status_code == 403
    assert rights.state(app) == "pending"
    assert rows(app, "SELECT * FROM link_requests") == []
    assert rows(app, "SELECT * FROM code_tries") == []


@pytest.mark.parametrize("lang", ["en", "de", "ar"])
def test_the_address_in_the_letter_opens_in_its_language(
    app: Flask, client: FlaskClient, lang: str
) -> None:
    """On a device whose browser asks for another."""
    factories.sign(client, people.cora, lang=lang)
    work(app)
    address = f"/{lang}/code"
    assert f"{address}\n" in factories.text_of(factories.letters(app)[0])
    found = app.test_client().get(f"{address}?source=x", headers={"Accept-Language": "fr"})
    assert (found.status_code, found.location) == (302, f"/{lang}/amazon/code?source=x")


def test_a_language_that_the_call_does_not_have_gives_way(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    folder = shutil.copytree(SHIPPED / "amazon", tmp_path / "english")
    shutil.rmtree(folder / "de")
    file = folder / "campaign.toml"
    file.write_text(file.read_text("utf-8").replace('slug = "amazon"', 'slug = "other"'), "utf-8")
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        content_files.load_and_open_new(session, folder, organiser=None, at=deps.now())
        content_files.close(session, "amazon", at=deps.now())
    deps.campaign_cache.clear()
    found = client.get("/de/code", headers={"Accept-Language": "pl"})
    assert (found.location, found.headers["Vary"]) == ("/pl/other/code", "Accept-Language")


def test_in_another_call_it_is_nothing(
    app: Flask, client: FlaskClient, code: str, tmp_path: Path
) -> None:
    rights.another_call(app, tmp_path)
    factories.sign(client, people.cora, slug="other")
    data = {"email": CORA, "code": code}
    assert client.post("/en/other/code", data=data).status_code == 422
    for short in ("/code", "/de/code"):
        assert client.get(short).location == "/", "with two calls one has to choose"
    assert [state for (state,) in rows(app, "SELECT state FROM signatures")] == ["pending"] * 2


def test_a_code_is_in_no_address_and_no_log(
    app: Flask, client: FlaskClient, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [rights.type_code(client, CORA, typed) for typed in (WRONG, code)]
    for answer in answers:
        assert codes.typed(code) not in str(answer.headers)
    assert codes.typed(code) not in caplog.text
    assert CORA not in caplog.text

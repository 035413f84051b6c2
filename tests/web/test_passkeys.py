"""Passkeys over HTTP: set up, shown, asked for again, added and removed, lost, and not offered."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.config import Settings
from petition.domain.staff import passkeys, second_factor as factors
from tests import console, factories
from tests.authenticator import ORIGIN, Authenticator
from tests.conftest import Clock

OWNER: Final = console.address("owner")
ASK: Final = "/staff/second-factor/passkey/ask"
NEW: Final = "/staff/second-factor/passkey/new"
ACCOUNT: Final = "/staff/account"
ADD: Final = f"{ACCOUNT}/passkeys"
LETTERS: Final = "SELECT kind FROM letters WHERE staff_id IS NOT NULL ORDER BY id"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """At an address for which browsers make passkeys."""
    return replace(settings, base_url=ORIGIN)


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


def text_of(answer: Answer) -> str:
    return answer.get_data(as_text=True)


def is_in(client: FlaskClient) -> bool:
    return client.get("/staff/").status_code == 200


def post(client: FlaskClient, address: str, page: str, **data: str) -> Answer:
    """A form of that page."""
    return client.post(address, data={"csrf_token": console.form_token(client.get(page)), **data})


def options(client: FlaskClient, address: str, page: str) -> str:
    answer = post(client, address, page)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    return text_of(answer)


def half(app: Flask, email: str = OWNER) -> FlaskClient:
    client = app.test_client()
    assert console.type_password(client, email).status_code == 303
    return client


def enrol(client: FlaskClient, device: Authenticator) -> Answer:
    made = device.create(options(client, NEW, console.SET_UP_PAGE))
    return post(client, console.SET_UP_PAGE, console.SET_UP_PAGE, passkey=made)


def show(client: FlaskClient, device: Authenticator) -> Answer:
    shown = device.show(options(client, ASK, console.CODE_PAGE))
    return post(client, console.CODE_PAGE, console.CODE_PAGE, passkey=shown)


def with_passkey_alone(app: Flask, device: Authenticator) -> FlaskClient:
    client = app.test_client()
    console.choose_password(client, console.invite(app))
    assert enrol(client, device).status_code == 200
    return client


def add(client: FlaskClient, device: Authenticator) -> Answer:
    assert post(client, ADD, ACCOUNT).status_code == 303
    return enrol(client, device)


def test_instead_of_an_app(app: Flask, device: Authenticator) -> None:
    client = app.test_client()
    console.choose_password(client, console.invite(app))
    page = enrol(client, device)
    assert len(re.findall(r"<li><code>", text_of(page))) == factors.RECOVERY_CODES
    assert is_in(client)
    assert factories.rows(app, LETTERS) == [("new_factor",)]
    again = half(app)
    assert not is_in(again)
    assert "Recovery code" in text_of(again.get(console.CODE_PAGE))
    assert show(again, device).headers["Location"] == "/staff/"
    assert is_in(again)


def test_a_recovery_code_works_in_its_stead(app: Flask, device: Authenticator) -> None:
    client = app.test_client()
    console.choose_password(client, console.invite(app))
    found = re.search(r"<li><code>([a-z2-9-]{11})</code>", text_of(enrol(client, device)))
    assert found
    assert console.give_code(half(app), found[1]).status_code == 303


def test_beside_an_app_either_lets_in(app: Flask, device: Authenticator) -> None:
    client = console.enter(app)
    assert add(client, device).headers["Location"] == ACCOUNT
    assert is_in(client)
    assert show(half(app), device).status_code == 303
    assert console.give_code(half(app), console.code_of(app, OWNER)).status_code == 303


def test_a_wrong_answer_is_told_where_it_was_made(app: Flask, device: Authenticator) -> None:
    with_passkey_alone(app, device)
    client = half(app)
    shown = device.show(options(client, ASK, console.CODE_PAGE), verified=False)
    page = post(client, console.CODE_PAGE, console.CODE_PAGE, passkey=shown)
    assert page.status_code == 422
    assert '<a href="#passkey">This passkey did not work' in text_of(page)
    assert 'id="passkey"' in text_of(page)
    assert not is_in(client)


def test_what_weighs_most_takes_it_too_and_loses_nothing(
    app: Flask, device: Authenticator, clock: Clock
) -> None:
    client = with_passkey_alone(app, device)
    clock.forward(factors.FRESH_FOR)
    page = post(client, "/staff/lost-factor", ACCOUNT, email="nobody@example.org", reason="lost")
    assert page.status_code == 403
    assert "once more that it is you" in text_of(page)
    assert 'name="reason" value="lost"' in text_of(page)
    again = "/staff/second-factor/again?send=/staff/lost-factor"
    shown = device.show(options(client, ASK, ACCOUNT))
    token = console.form_token(page)
    answer = client.post(again, data={"csrf_token": token, "passkey": shown, "reason": "a"})
    assert answer.status_code == 307
    assert answer.headers["Location"] == "/staff/lost-factor"
    assert client.post(again, data={"csrf_token": token, "passkey": shown}).status_code == 422


def test_adding_and_removing_take_a_fresh_factor(
    app: Flask, device: Authenticator, clock: Clock
) -> None:
    client = console.enter(app)
    add(client, device)
    clock.forward(factors.FRESH_FOR)
    for address in (ADD, f"{ADD}/1/remove", f"{ACCOUNT}/second-factor/remove"):
        answer = post(client, address, ACCOUNT)
        assert answer.status_code == 403, address
        assert "/staff/second-factor/again" in text_of(answer)
    assert post(client, NEW, ACCOUNT).status_code == 404, "nor is one made without"
    assert len(factories.rows(app, "SELECT * FROM staff_passkeys")) == 1


def test_one_is_taken_away_and_the_last_factor_stays(app: Flask, device: Authenticator) -> None:
    client = console.enter(app)
    add(client, device)
    other = app.test_client()
    console.sign_in(other, OWNER)
    assert post(client, f"{ACCOUNT}/second-factor/remove", ACCOUNT).status_code == 303
    assert not is_in(other), "all other sessions end"
    page = client.get(ACCOUNT)
    assert "Remove" not in text_of(page)
    for address in (f"{ADD}/1/remove", f"{ACCOUNT}/second-factor/remove"):
        answer = post(client, address, ACCOUNT)
        assert answer.status_code == 422
        assert "your last second factor" in text_of(answer)
    assert post(client, f"{ADD}/99/remove", ACCOUNT).status_code == 404
    assert show(half(app), device).status_code == 303
    kinds = [kind for (kind,) in factories.rows(app, LETTERS)]
    assert kinds == ["new_factor", "factor_removed"]
    actions = "SELECT action FROM audit WHERE action LIKE '%removed' ORDER BY id"
    assert factories.rows(app, actions) == [("app removed",)]


@pytest.mark.parametrize("way", ["an app", "a passkey"])
def test_a_lost_factors_link_ends_every_passkey(
    app: Flask, device: Authenticator, way: str
) -> None:
    add(console.enter(app), device)
    link = console.lost_factor_link_of(app, OWNER)
    client, newer = app.test_client(), Authenticator()
    token = console.form_token(client.get(link))
    client.post(link, data={"csrf_token": token, "password": console.PASSWORD})
    assert show(half(app), device).status_code == 303, "the old one works until then"
    if way == "an app":
        assert console.enrol(client, client.get(console.SET_UP_PAGE)).status_code == 200
        assert post(half(app), ASK, console.CODE_PAGE).status_code == 404
    else:
        assert enrol(client, newer).status_code == 200
        assert show(half(app), newer).status_code == 303
        assert show(half(app), device).status_code == 422
        assert factories.rows(app, "SELECT totp_sealed FROM staff") == [(None,)]
    assert is_in(client)


class TestThief:
    """Who has the password alone."""

    def test_makes_none(self, app: Flask, device: Authenticator) -> None:
        with_passkey_alone(app, device)
        thief = half(app)
        assert thief.get(console.SET_UP_PAGE).headers["Location"] == console.CODE_PAGE
        assert post(thief, NEW, console.CODE_PAGE).status_code == 404
        asked = options(thief, ASK, console.CODE_PAGE).replace('"rpId"', '"rp": {"id": ""}, "x"')
        made = Authenticator().create(asked, rp_id="localhost")
        post(thief, console.SET_UP_PAGE, console.CODE_PAGE, passkey=made)
        post(thief, console.CODE_PAGE, console.CODE_PAGE, passkey=made)
        assert not is_in(thief)
        assert len(factories.rows(app, "SELECT * FROM staff_passkeys")) == 1

    def test_gets_in_by_none_of_their_own(self, app: Flask, device: Authenticator) -> None:
        with_passkey_alone(app, device)
        own, theirs = app.test_client(), Authenticator()
        console.choose_password(own, console.invite(app, "viewer"))
        enrol(own, theirs)
        thief = half(app)
        assert show(thief, theirs).status_code == 422
        assert not is_in(thief)

    def test_gets_no_challenge_from_another_site(self, app: Flask, device: Authenticator) -> None:
        with_passkey_alone(app, device)
        thief = half(app)
        token = {"csrf_token": console.form_token(thief.get(console.CODE_PAGE))}
        elsewhere = {"Sec-Fetch-Site": "cross-site"}
        assert thief.post(ASK, data=token, headers=elsewhere).status_code == 403
        assert thief.post(ASK).status_code == 403


class TestWhoSeesWhich:
    def test_people_and_the_page_of_one(self, app: Flask, device: Authenticator) -> None:
        client = console.enter(app)
        add(client, device)
        assert "app + 1 passkey" in text_of(client.get("/staff/people"))
        assert "Second factor: app + 1 passkey." in text_of(client.get("/staff/people/1"))

    def test_ones_own_account(self, app: Flask, device: Authenticator, clock: Clock) -> None:
        client = with_passkey_alone(app, device)
        page = text_of(client.get(ACCOUNT))
        assert "Not used yet." in page
        assert "You have no app for codes." in page
        clock.forward(timedelta(minutes=1))
        show(half(app), device)
        assert "Last used on" in text_of(client.get(ACCOUNT))


def test_without_the_package_nothing_is_offered(
    app: Flask, device: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who has one gets in with a recovery code."""
    client = app.test_client()
    console.choose_password(client, console.invite(app))
    found = re.search(r"<li><code>([a-z2-9-]{11})</code>", text_of(enrol(client, device)))
    assert found
    monkeypatch.setattr(passkeys, "AVAILABLE", False)
    newcomer = app.test_client()
    console.choose_password(newcomer, console.invite(app, "viewer"))
    page = newcomer.get(console.SET_UP_PAGE)
    for shown in (page, console.enter(app, "editor").get(ACCOUNT)):
        assert "asskey" not in text_of(shown)
    assert "Use a passkey" not in text_of(half(app).get(console.CODE_PAGE))
    assert post(newcomer, NEW, console.SET_UP_PAGE).status_code == 404
    assert console.enrol(newcomer, page).status_code == 200
    waiting = half(app)
    assert post(waiting, ASK, console.CODE_PAGE).status_code == 404
    assert post(waiting, console.CODE_PAGE, console.CODE_PAGE, passkey="{}").status_code == 422
    assert console.give_code(waiting, found[1]).status_code == 303

"""A long list takes two: one asks, another one approves, and the first makes it once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pyrage
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.services.exports import second_person
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of, set_dependencies
from tests import console, factories, partner_sites, people
from tests.conftest import Clock
from tests.factories import together
from tests.worlds import Worlds

PAGE = "/staff/campaigns/amazon"


@pytest.fixture(autouse=True)
def two_are_long(
    app: Flask, client: FlaskClient, clock: Clock, worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two have confirmed, one of them wants news; a list of more than one takes two."""
    monkeypatch.setattr("petition.domain.exports.second_person.ROWS_ALONE", 1)
    deps = dependencies_of(app)
    set_dependencies(app, replace(deps, settings=replace(deps.settings, second_person=True)))
    worlds.enter(app, clock, "two_confirmed", lambda: _confirm_two(app, client))


def _confirm_two(app: Flask, client: FlaskClient) -> None:
    for form in (people.amina, people.ben):
        factories.sign(client, form)
    factories.work(app)
    for letter in factories.letters(app):
        client.post(factories.link_in(letter))
    factories.work(app)


@pytest.fixture
def ada(app: Flask) -> FlaskClient:
    """She asks."""
    return console.enter(app, "exporter", "ada@example.org")


@pytest.fixture
def bo(app: Flask) -> FlaskClient:
    """He may agree."""
    return console.enter(app, "exporter", "bo@example.org", campaign="amazon")


def press(client: FlaskClient, verb: str, number: int = 1) -> Answer:
    token = console.form_token(client.get(PAGE))
    return client.post(f"{PAGE}/requests/{number}/{verb}", data={"csrf_token": token})


def offered(client: FlaskClient) -> list[str]:
    page = client.get(PAGE).get_data(as_text=True)
    return re.findall(rf'action="{PAGE}/requests/1/(\w+)"', page)


def audited(app: Flask) -> list[tuple[object, ...]]:
    return factories.rows(
        app, "SELECT who, outcome, detail FROM audit WHERE action = 'long list' ORDER BY id"
    )


def test_the_second_person_agrees_and_the_first_makes_it_once(
    app: Flask, ada: FlaskClient, bo: FlaskClient
) -> None:
    answer = console.order(ada, "to count by hand", for_excel="yes")
    assert answer.headers["Location"] == f"{PAGE}#requests-heading"
    assert factories.rows(app, "SELECT id FROM exports") == []
    assert (offered(ada), offered(bo)) == ([], ["approve", "refuse"])
    assert "to count by hand" in bo.get(PAGE).get_data(as_text=True)
    assert press(ada, "make").status_code == 422
    assert press(ada, "approve").status_code == 422, "one alone is not two"
    assert press(bo, "approve").status_code == 303
    assert (offered(ada), offered(bo)) == (["make"], [])
    assert press(bo, "make").status_code == 422
    assert press(bo, "refuse").status_code == 422, "it is decided"
    page = press(ada, "make").get_data(as_text=True)
    link = re.search(rf"{PAGE}/exports/\d+/file", page)
    assert link
    file = ada.get(link[0]).data
    assert file.startswith(b"\xef\xbb\xbf")
    assert people.amina["email"].encode() in file
    assert press(ada, "make").status_code == 422
    assert factories.rows(app, "SELECT by, reason, rows FROM exports") == [
        ("ada@example.org", "to count by hand", 2)
    ]
    assert audited(app) == [
        ("ada@example.org", "asked", "amazon: request 1, 2 rows"),
        ("bo@example.org", "approved", "amazon: request 1 of ada@example.org"),
        ("ada@example.org", "made", "amazon: request 1"),
    ]


def test_a_partners_list_is_for_that_partner(app: Flask, ada: FlaskClient, bo: FlaskClient) -> None:
    """Encrypted to its key, by two where it is long, and never with another choice."""
    key = partner_sites.asking(app)
    answer = console.order(ada, partner=key)
    assert answer.status_code == 422
    assert "has given no key" in answer.get_data(as_text=True)
    assert 'id="partner-problem"' in answer.get_data(as_text=True)
    identity = partner_sites.give_key(app, key)
    both = console.order(ada, partner=key, for_target="yes").get_data(as_text=True)
    assert "for that partner alone" in both
    assert console.order(ada, partner="0" * 16).status_code == 404
    forms = [people.someone(500), people.someone(501)]
    for form in forms:
        partner_sites.keep(app, key, form)
    for entry in factories.entries(app)[-2:]:
        factories.confirm(app, entry)
    assert console.order(ada, partner=key).status_code == 303  # it waits
    assert "For the partner Union, encrypted" in bo.get(PAGE).get_data(as_text=True)
    assert press(bo, "approve").status_code == 303
    made = press(ada, "make").get_data(as_text=True)
    file = ada.get(re.search(rf"{PAGE}/exports/\d+/file", made)[0])  # type: ignore[index]
    assert f"amazon-for-partner-{key}-" in file.headers["Content-Disposition"]
    assert file.headers["Content-Disposition"].endswith('.csv.age"')
    assert file.content_type == "application/octet-stream"
    lines = pyrage.decrypt(file.data, [identity]).decode().splitlines()
    assert len(lines) == 3
    for form in forms:
        assert any(form["email"] in line for line in lines)


def test_a_refused_one_is_not_made(app: Flask, ada: FlaskClient, bo: FlaskClient) -> None:
    console.order(ada)
    press(bo, "refuse")
    assert "Refused by bo<wbr>@example<wbr>.org." in ada.get(PAGE).get_data(as_text=True)
    assert press(ada, "make").status_code == 422
    assert press(bo, "approve").status_code == 422
    assert factories.rows(app, "SELECT id FROM exports") == []


@pytest.mark.parametrize("verb", ["approve", "make"])
def test_it_ends_after_a_day(
    app: Flask, ada: FlaskClient, bo: FlaskClient, clock: Clock, verb: str
) -> None:
    console.order(ada)
    if verb == "make":
        press(bo, "approve")
    clock.forward(timedelta(days=1))
    who = {"approve": bo, "make": ada}[verb]
    console.sign_in(who, {"approve": "bo@example.org", "make": "ada@example.org"}[verb])
    assert offered(who) == []
    assert press(who, verb).status_code == 422


def test_a_short_list_and_one_without_the_setting_need_one_person(
    app: Flask, ada: FlaskClient
) -> None:
    assert console.export(ada, updates="yes").mimetype == "text/csv"
    deps = dependencies_of(app)
    set_dependencies(app, replace(deps, settings=replace(deps.settings, second_person=False)))
    assert console.export(ada).mimetype == "text/csv"
    assert "waits for a second person" not in ada.get(PAGE).get_data(as_text=True)


def test_a_stale_button_does_nothing(app: Flask, ada: FlaskClient, bo: FlaskClient) -> None:
    console.order(ada)
    for verb in ("approve", "refuse", "make"):
        answer = bo.post(f"{PAGE}/requests/1/{verb}")
        assert answer.status_code == 422
        assert "open for too long" in answer.get_data(as_text=True)
    assert len(audited(app)) == 1
    assert press(bo, "approve", 99).status_code == 404


@pytest.mark.slow
def test_pressed_twice_at_once_makes_one_list(
    app: Flask, ada: FlaskClient, bo: FlaskClient
) -> None:
    console.order(ada)
    press(bo, "approve")
    token = console.form_token(ada.get(PAGE))
    cookie = ada.get_cookie("staff")
    assert cookie is not None

    def make(_: int) -> None:
        browser = app.test_client()
        browser.set_cookie("staff", cookie.value)
        browser.post(f"{PAGE}/requests/1/make", data={"csrf_token": token}).get_data()

    assert together(2, make) == []
    assert factories.rows(app, "SELECT count(*) FROM exports") == [(1,)]


def test_turning_it_off_and_on_is_noted_once_each(app: Flask, clock: Clock) -> None:
    for setting in (True, False, False, True, True):
        with transaction() as session:
            second_person.note_switch(session, setting=setting, by="root", at=clock())
    found = factories.rows(
        app, "SELECT who, outcome FROM audit WHERE action = 'second person' ORDER BY id"
    )
    assert found == [("root", "off"), ("root", "on")]

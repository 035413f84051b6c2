"""The page that closes everything: what it says and does, and the button that ends the pauses."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.store.db import transaction
from petition.store.exports import requests
from petition.store.staff import audit
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people
from tests.conftest import Clock

PAGE = "/staff/panic"


def press(client: FlaskClient, address: str = PAGE) -> Answer:
    token = console.form_token(client.get(PAGE))
    return client.post(address, data={"csrf_token": token})


def numbers(page: Answer, label: str) -> list[str]:
    text = page.get_data(as_text=True)
    table = text[text.index(f'<table aria-label="{label}">') :]
    return re.findall(r'<td class="number">(\d+)</td>', table[: table.index("</table>")])


@pytest.fixture
def busy(app: Flask) -> FlaskClient:
    """An owner and somebody else are in; a link, a list and a request wait."""
    owner = console.enter(app)
    console.enter(app, "viewer")
    console.invite(app, "editor", "late@example.org")
    console.order(owner)
    with transaction() as session:
        requests.add(
            session,
            campaign_id=1,
            by=console.address("owner"),
            reason="to count",
            wanted=requests.WantedList(),
            rows=1001,
            at=dependencies_of(app).now(),
        )
    return owner


NUMBERS = ["2", "1", "2", "1", "1", "0"]


def test_what_it_says_is_what_it_does(app: Flask, busy: FlaskClient) -> None:
    before = busy.get(PAGE)
    assert numbers(before, "What this ends") == NUMBERS
    assert "paused" not in before.get_data(as_text=True)
    done = press(busy)
    assert done.status_code == 200
    assert numbers(done, "Everything is closed") == NUMBERS
    assert busy.get("/staff/").headers["Location"] == "/staff/sign-in"
    assert factories.rows(app, "SELECT state, decided_by FROM export_requests") == [
        ("refused", console.address("owner"))
    ]
    assert factories.rows(app, "SELECT what FROM pauses ORDER BY what") == [
        ("letters",),
        ("lists",),
    ]
    assert factories.rows(app, "SELECT who, detail FROM audit WHERE action = 'panic'") == [
        (console.address("owner"), "sessions 2, links 1, devices 2, files 1, requests 1, tokens 0")
    ]


def test_afterwards_it_shows_what_was_done_and_lets_things_go_on(
    app: Flask, busy: FlaskClient
) -> None:
    press(busy)
    factories.keep(app, factories.the_call(app), people.ben)
    console.sign_in(busy, console.address("owner"))
    page = busy.get(PAGE)
    assert numbers(page, "The last time") == NUMBERS
    assert console.address("owner") in page.get_data(as_text=True)
    assert "Emails and lists are paused since" in busy.get("/staff/").get_data(as_text=True)
    factories.work(app)
    assert factories.letters(app) == []
    assert press(busy, f"{PAGE}/resume").status_code == 303
    factories.work(app)
    assert len(factories.letters(app)) == 1
    assert factories.rows(app, "SELECT who FROM audit WHERE action = 'resume'") == [
        (console.address("owner"),)
    ]
    assert "paused" not in busy.get("/staff/").get_data(as_text=True)
    assert press(busy, f"{PAGE}/resume").status_code == 303, "twice does no harm"
    assert factories.rows(app, "SELECT count(*) FROM audit WHERE action = 'resume'") == [(1,)]


def test_a_row_from_before_requests_were_counted_is_shown(app: Flask) -> None:
    owner = console.enter(app)
    with transaction() as session:
        audit.note(
            session,
            who="cli:sam",
            action="panic",
            outcome="done",
            at=dependencies_of(app).now(),
            detail="sessions 2, links 1, devices 2, files 4",
        )
    assert numbers(owner.get(PAGE), "The last time") == ["2", "1", "2", "4", "0", "0"]


def test_a_session_that_ended_by_itself_is_not_counted(
    app: Flask, busy: FlaskClient, clock: Clock
) -> None:
    clock.forward(timedelta(hours=3))
    console.sign_in(busy, console.address("owner"))
    assert numbers(busy.get(PAGE), "What this ends")[0] == "1"


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}/resume"])
def test_both_ask_for_a_fresh_code_and_the_forms_token(
    app: Flask, busy: FlaskClient, clock: Clock, address: str
) -> None:
    said = busy.post(address)
    assert said.status_code == 422
    assert "open for too long" in said.get_data(as_text=True)
    clock.forward(timedelta(minutes=20))
    assert 'id="code"' in press(busy, address).get_data(as_text=True)
    assert factories.rows(app, "SELECT what FROM pauses") == []
    assert factories.rows(app, "SELECT id FROM audit WHERE action IN ('panic', 'resume')") == []


@pytest.mark.parametrize("role", ["editor", "moderator", "exporter", "viewer"])
def test_it_is_the_owners_alone(app: Flask, role: str) -> None:
    client = console.enter(app, role)
    assert client.get(PAGE).status_code == 403
    token = console.form_token(client.get("/staff/"))
    assert client.post(PAGE, data={"csrf_token": token}).status_code == 403
    assert "Close everything" not in client.get("/staff/").get_data(as_text=True)

"""The console's page on the target's own mail: what it says, who may change it, what follows."""

from __future__ import annotations

import html

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from tests import console, factories, people

ROOM = "/staff/campaigns/amazon/domains"


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


def post(client: FlaskClient, domain: str, place: str = ROOM) -> Answer:
    token = console.form_token(client.get(ROOM))
    return client.post(place, data={"csrf_token": token, "domain": domain})


def test_it_says_what_the_list_does_before_it_shows_it(app: Flask) -> None:
    page = text(console.enter(app, "viewer").get(ROOM))
    assert page.index("does not accept") < page.index("amazon.*</code>")
    assert "a2z.com" in page
    assert f'href="{ROOM}"' in text(console.enter(app).get("/staff/campaigns/amazon"))


@pytest.mark.parametrize("role", ["viewer", "moderator", "exporter"])
def test_who_may_only_look_is_offered_no_change(app: Flask, role: str) -> None:
    page = text(console.enter(app, role).get(ROOM))
    assert 'name="domain"' not in page
    assert "not change it" in page


@pytest.mark.parametrize("role", ["editor", "owner"])
def test_a_domain_is_added_and_counts_at_once(app: Flask, client: FlaskClient, role: str) -> None:
    staff = console.enter(app, role)
    form = people.someone(1, email="carol@corp.example.org")
    ticket = factories.ticket(client)
    answer = post(staff, " @Corp.Example.org ")
    assert (answer.status_code, answer.headers["Location"]) == (303, ROOM)
    assert "corp.example.org</code>" in text(staff.get(ROOM))
    refused = client.post("/en/amazon/sign", data=form | {"ticket": ticket})
    assert refused.status_code == 422
    assert factories.rows(app, "SELECT count(*) FROM signatures") == [(0,)]
    audit = factories.rows(app, "SELECT who, outcome, detail FROM audit ORDER BY id DESC LIMIT 1")
    assert audit == [(console.address(role), "added", "amazon: corp.example.org")]


def test_one_that_is_taken_off_can_be_put_back(app: Flask, client: FlaskClient) -> None:
    staff = console.enter(app)
    assert post(staff, "a2z.com", f"{ROOM}/remove").status_code == 303
    page = text(staff.get(ROOM))
    assert page.index("Removed") < page.index("a2z.com</code>")
    assert factories.sign(client, people.someone(1, email="w@a2z.com")).status_code == 303
    assert post(staff, "a2z.com").status_code == 303
    assert "Removed" not in text(staff.get(ROOM))
    assert factories.sign(client, people.someone(1, email="w@a2z.com")).status_code == 422


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("", "fill this in"),
        ("amazon", "like amazon.com"),
        ("https://amazon.com", "like amazon.com"),
        ("<script>alert(1)</script>", "like amazon.com"),
        ("a\x00b.com", "characters"),
        ("gmail.com", "private addresses"),
        ("mail.*", "private addresses"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_no_domain_is_not_added(app: Flask, domain: str, words: str) -> None:
    staff = console.enter(app)
    before = factories.rows(app, "SELECT * FROM target_domains ORDER BY pattern")
    answer = post(staff, domain)
    assert answer.status_code == 422
    assert words in text(answer)
    assert "<script>" not in answer.get_data(as_text=True)
    assert factories.rows(app, "SELECT * FROM target_domains ORDER BY pattern") == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_not_on_the_list_cannot_be_taken_off(app: Flask) -> None:
    staff = console.enter(app)
    before = factories.rows(app, "SELECT * FROM audit")
    assert post(staff, "", f"{ROOM}/remove").status_code == 422
    assert post(staff, "never.example.org", f"{ROOM}/remove").status_code == 303
    assert factories.rows(app, "SELECT * FROM audit") == before


@pytest.mark.parametrize("place", [ROOM, f"{ROOM}/remove"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_the_forms_token_nothing_changes(app: Flask, place: str) -> None:
    staff = console.enter(app)
    before = factories.rows(app, "SELECT * FROM target_domains ORDER BY pattern")
    assert staff.post(place, data={"domain": "a2z.com"}).status_code == 422
    assert factories.rows(app, "SELECT * FROM target_domains ORDER BY pattern") == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_campaign_that_is_not_there(app: Flask) -> None:
    staff = console.enter(app)
    other = ROOM.replace("amazon", "nothing")
    assert staff.get(other).status_code == 404
    assert post(staff, "x.example.org", other).status_code == 404
    assert post(staff, "x.example.org", f"{other}/remove").status_code == 404

"""Opening and closing a campaign in the console: said before, done once, audited."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.staff.roles import Right
from tests import console, factories

CAMPAIGN = "/staff/campaigns/amazon"
PAGE = f"{CAMPAIGN}/state"


def press(client: FlaskClient, verb: str) -> Answer:
    token = console.form_token(client.get("/staff/"))
    return client.post(f"{PAGE}/{verb}", data={"csrf_token": token})


def audited(app: Flask) -> list[tuple[object, ...]]:
    return factories.rows(
        app, "SELECT who, action, detail FROM audit WHERE action LIKE '% campaign' ORDER BY id"
    )


def signs(app: Flask) -> bool:
    page = app.test_client().get("/en/amazon").get_data(as_text=True)
    return 'name="ticket"' in page


def test_closed_and_opened_again(app: Flask) -> None:
    client = console.enter(app, "viewer", campaign="amazon", also=[Right.OPEN_CLOSE])
    assert f'href="{PAGE}">Close it<' in client.get(CAMPAIGN).get_data(as_text=True)
    said = client.get(PAGE).get_data(as_text=True)
    assert "nobody can sign any more" in said
    assert "all signatures are erased on 2 November 2027" in said
    assert signs(app), "looking changes nothing"
    assert press(client, "close").headers["Location"] == CAMPAIGN
    assert not signs(app), "at once"
    assert factories.rows(app, "SELECT state FROM campaigns") == [("closed",)]
    assert "people can sign" in client.get(PAGE).get_data(as_text=True)
    press(client, "open")
    assert signs(app)
    who = console.address("viewer")
    assert audited(app) == [(who, "close campaign", "amazon"), (who, "open campaign", "amazon")]


def test_who_comes_second_changes_and_notes_nothing(app: Flask) -> None:
    first, second = console.enter(app), console.enter(app, "owner", "second@example.org")
    press(first, "close")
    closed_at = factories.rows(app, "SELECT closed_at FROM campaigns")
    assert press(second, "close").status_code == 303
    assert factories.rows(app, "SELECT closed_at FROM campaigns") == closed_at
    assert len(audited(app)) == 1


def test_a_draft_is_opened(app: Flask) -> None:
    factories.change(app, "UPDATE campaigns SET state = 'draft'")
    owner = console.enter(app)
    assert "Everybody can find the page and sign." in owner.get(PAGE).get_data(as_text=True)
    press(owner, "open")
    assert factories.rows(app, "SELECT state FROM campaigns") == [("open",)]


@pytest.mark.parametrize("role", ["editor", "moderator", "exporter", "viewer"])
def test_it_takes_the_right(app: Flask, role: str) -> None:
    client = console.enter(app, role)
    assert PAGE not in client.get(CAMPAIGN).get_data(as_text=True)
    assert client.get(PAGE).status_code == 403
    assert press(client, "close").status_code == 403
    assert signs(app)
    assert audited(app) == []


def test_without_the_forms_token_nothing_happens(app: Flask) -> None:
    said = console.enter(app).post(f"{PAGE}/close")
    assert said.status_code == 422
    assert "open for too long" in said.get_data(as_text=True)
    assert signs(app)

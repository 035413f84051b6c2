"""Somebody lost their letter, and asks with their address for the link to what is held."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.services.signatures import holds
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import rows, work

pytestmark = pytest.mark.slow

CORA = people.cora["email"]


def test_a_letter_brings_a_link_that_opens_everything(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    rights.signed(app, client, people.cora)
    clock.forward(timedelta(days=30))
    answer = rights.ask(app.test_client(), " The.Lindqvists@Example.NET ")
    assert (answer.status_code, answer.location) == (303, "/en/amazon/asked")
    work(app)
    letter = factories.letters(app)[-1]
    assert str(letter["Subject"]) == "The link that was asked for"
    assert str(letter["To"]) == CORA
    assert "List-Unsubscribe" not in letter
    page = client.get(rights.link_to("my", letter)).get_data(as_text=True)
    for held in ("Cora", "Lindqvist", CORA, "Sweden"):
        assert held in page
    assert client.get("/my").location == "/en/amazon/my"


def test_the_link_ends_after_seven_days(app: Flask, client: FlaskClient, clock: Clock) -> None:
    rights.signed(app, client, people.cora)
    rights.ask(client, CORA)
    work(app)
    link = rights.newest(app, "my")
    clock.forward(timedelta(days=7) - timedelta(seconds=1))
    assert client.get(link).status_code == 200
    clock.forward(timedelta(seconds=1))
    for answer in (client.get(link), client.post(f"{link}/erase", data={"sure": "yes"})):
        assert answer.status_code == 410
    assert rights.state(app) == "confirmed"


def test_who_never_signed_gets_no_letter_and_leaves_no_row(app: Flask, client: FlaskClient) -> None:
    rights.signed(app, client, people.ben)
    before = rights.dump(app)
    known = rights.ask(client, CORA)
    assert known.status_code == 303
    work(app)
    assert rights.dump(app) == before
    assert len(factories.letters(app)) == 2


def test_three_a_day_and_the_next_day_again(app: Flask, client: FlaskClient, clock: Clock) -> None:
    rights.signed(app, client, people.cora)
    clock.forward(timedelta(days=2))
    for _ in range(6):
        assert rights.ask(client, CORA).status_code == 303
        work(app)
        clock.forward(timedelta(hours=1))
    assert rights.kinds(app)[2:] == [("data", "sent")] * 3 + [("data", "withheld")] * 3
    clock.forward(timedelta(days=1))
    rights.ask(client, CORA)
    work(app)
    assert rights.kinds(app)[-1] == ("data", "sent")


def test_the_confirmation_once_more(app: Flask, client: FlaskClient) -> None:
    factories.sign(client, people.cora)
    work(app)
    first = rights.newest(app, "confirm")
    for path in (dependencies_of(app).settings.outbox_dir).iterdir():
        path.unlink()  # it was lost on the way
    answer = rights.ask(client, CORA, "resend")
    assert (answer.status_code, answer.location) == (303, "/en/amazon/asked")
    work(app)
    again = rights.newest(app, "confirm")
    assert again == first, "the same form, the same link, and no longer than before"
    assert client.post(again).status_code == 303
    assert rights.state(app) == "confirmed"


def test_once_more_for_a_form_that_is_too_old_brings_nothing(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    factories.sign(client, people.cora)
    work(app)
    clock.forward(timedelta(days=6, hours=23, minutes=30))
    work(app)
    clock.forward(timedelta(minutes=30))
    rights.ask(client, CORA, "resend")
    work(app)
    kinds = [kind for kind in rights.kinds(app) if kind[0] == "confirm"]
    assert ("confirm", "sent") in kinds
    assert kinds.count(("confirm", "sent")) == 1


@pytest.mark.parametrize("email", ["", "cora", "cora@", "a@b@c", "x" * 300 + "@example.org"])
@pytest.mark.parametrize("place", ["my", "resend"])
def test_what_is_no_address_is_said_so(
    app: Flask, client: FlaskClient, place: str, email: str
) -> None:
    answer = rights.ask(client, email, place)
    assert answer.status_code == 422
    assert 'href="#email"' in answer.get_data(as_text=True)
    assert rows(app, "SELECT * FROM link_requests") == []


def test_also_who_was_rejected_or_withdrew_sees_what_is_held(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    for form, state in ((people.cora, "rejected"), (people.amina, "withdrawn")):
        rights.signed(app, client, form)
        factories.change(
            app,
            "UPDATE signatures SET state = :state, withdrawn_at = :at WHERE id ="
            " (SELECT max(id) FROM signatures)",
            state=state,
            at=clock() if state == "withdrawn" else None,
        )
        rights.ask(client, form["email"])
        work(app)
        page = client.get(rights.newest(app, "my"))
        assert page.status_code == 200
        assert form["email"] in page.get_data(as_text=True)


def test_the_reason_why_somebody_was_held_is_shown_to_them(app: Flask, client: FlaskClient) -> None:
    link = rights.signed(app, client, people.cora)
    rights.move(app, holds.hold)
    page = client.get(link).get_data(as_text=True)
    assert "The reason: None of the usual ones." in page

"""Wanda works for the target: she is warned in time, and nothing that reaches it names her."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from petition.store.db import db, reading
from tests import console, factories, people


def everything(app: Flask) -> dict[str, list[str]]:
    """Every row of every table."""
    with app.app_context(), reading() as session:
        return {
            table.name: sorted(repr(row) for row in session.execute(select(table)))
            for table in db.metadata.sorted_tables
        }


def test_her_employers_mail_is_turned_down_before_anything_is_stored(
    app: Flask, client: FlaskClient
) -> None:
    before = everything(app)
    answer = factories.sign(client, people.wanda)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "Your employer may be able to read" in page
    assert "Nothing has been stored" in page
    assert people.wanda["comment"] in page, "what she typed is not lost"
    assert everything(app) == before
    assert factories.work(app) == 0
    assert factories.letters(app) == []
    before = everything(app)
    again = factories.sign(client, people.wanda, lang="ar")
    assert again.status_code == 422, "in every language, as often as she tries"
    assert everything(app) == before


def test_with_a_private_address_she_gets_through_and_stays_unseen(
    app: Flask, client: FlaskClient
) -> None:
    assert factories.sign(client, people.wanda).status_code == 422
    for form in (people.wanda_in_private, people.ben):
        assert factories.sign(client, form).status_code == 303
    factories.work(app)
    letters = factories.letters(app)
    assert [str(letter["To"]) for letter in letters] == [
        people.wanda_in_private["email"],
        people.ben["email"],
    ]
    for letter in letters:
        assert client.post(factories.link_in(letter)).status_code == 303
    factories.work(app)
    assert factories.rows(app, "SELECT state, count(*) FROM signatures GROUP BY state") == [
        ("confirmed", 2)
    ]
    staff = console.enter(app)
    handed_over = console.export(staff, for_target="yes").get_data(as_text=True)
    assert people.ben["given_name"] in handed_over
    for field in ("given_name", "family_name", "email", "postcode", "comment"):
        assert people.wanda_in_private[field] not in handed_over
    assert people.ben["email"] not in handed_over
    pages = [
        client.get(address).get_data(as_text=True)
        for address in ("/en/amazon", "/ar/amazon", "/en/amazon/thanks", "/en/amazon/confirmed")
    ]
    for page in pages:
        assert people.wanda["given_name"] not in page
        assert people.wanda["family_name"] not in page


def test_her_employer_cannot_find_out_by_trying(app: Flask, client: FlaskClient) -> None:
    """Whoever types her private address, or her address at work, learns nothing about her."""
    factories.sign(client, people.wanda_in_private)
    factories.work(app)
    client.post(factories.link_in(factories.letters(app)[0]))
    for form in (people.wanda_in_private, people.wanda):
        hers, nobodys = form["email"], form["email"].replace("wanda", "wendy")
        probe = factories.sign(client, form | {"given_name": "Boss"})
        other = factories.sign(client, form | {"given_name": "Boss", "email": nobodys})
        assert (probe.status_code, list(probe.headers)) == (other.status_code, list(other.headers))
        assert probe.data.replace(hers.encode(), nobodys.encode()) == other.data

"""Ben signs twice, in another spelling of his address: one signature; only his mailbox hears it."""

from __future__ import annotations

import csv
import io

from flask import Flask
from flask.testing import FlaskClient

from tests import console, factories, people


def test_confirmed_first_then_again(app: Flask, client: FlaskClient) -> None:
    first = factories.sign(client, people.ben)
    factories.work(app)
    client.post(factories.link_in(factories.letters(app)[0]))
    again = factories.sign(client, people.ben_again)
    assert (again.status_code, list(again.headers), again.data) == (
        first.status_code,
        list(first.headers),
        first.data,
    )
    factories.work(app)
    *_, second = factories.letters(app)  # after the thanks for the click
    assert str(second["To"]) == "BenOkafor+calls@googlemail.com"
    assert str(second["Subject"]) == "Your email address is confirmed already"
    body = second.get_body(("plain",))
    assert body is not None
    assert "/confirm/" not in body.get_content()
    assert "Benjamin" not in body.get_content()
    assert factories.rows(app, "SELECT count(*) FROM signatures") == [(1,)]

    listed = console.export(console.enter(app)).get_data(as_text=True)
    (row,) = csv.DictReader(io.StringIO(listed, newline=""))
    assert (row["given_name"], row["country"]) == ("Ben", "NG"), "what was confirmed stands"


def test_twice_before_the_click(app: Flask, client: FlaskClient) -> None:
    """Both letters carry a link; what counts is the entry that its owner confirms."""
    factories.sign(client, people.ben)
    factories.sign(client, people.ben_again)
    assert factories.work(app) == 2
    letters = factories.letters(app)
    assert {str(letter["Subject"]) for letter in letters} == {"Please confirm your email address"}
    for letter in (letters[1], letters[0], letters[1]):
        assert client.post(factories.link_in(letter)).status_code == 303
    factories.work(app)
    listed = console.export(console.enter(app)).get_data(as_text=True)
    (row,) = csv.DictReader(io.StringIO(listed, newline=""))
    assert (row["given_name"], row["country"], row["updates_consent"]) == ("Benjamin", "GB", "yes")
    assert factories.rows(app, "SELECT confirmed FROM counts WHERE dimension = 'total'") == [(1,)]


def test_a_mailbox_is_not_flooded(app: Flask, client: FlaskClient) -> None:
    """Somebody else fills the form in again and again: three letters a day, no more."""
    for _ in range(6):
        assert factories.sign(client, people.ben).status_code == 303
    factories.work(app)
    assert len(factories.letters(app)) == 3
    assert factories.rows(app, "SELECT state, count(*) FROM letters GROUP BY state ORDER BY 1") == [
        ("sent", 3),
        ("withheld", 3),
    ]

"""Cora and Carl share a mailbox: one signature for it, and it is the mailbox that decides whose."""

from __future__ import annotations

import csv
import io

from flask import Flask
from flask.testing import FlaskClient

from tests import console, factories, people


def test_the_click_decides_whose_signature_it_is(app: Flask, client: FlaskClient) -> None:
    factories.sign(client, people.cora)
    factories.sign(client, people.carl)
    factories.work(app)
    _, carls = factories.letters(app)
    assert client.post(factories.link_in(carls)).status_code == 303
    factories.work(app)
    listed = console.export(console.enter(app)).get_data(as_text=True)
    (row,) = csv.DictReader(io.StringIO(listed, newline=""))
    assert (row["given_name"], row["updates_consent"], row["visibility"]) == (
        "Carl",
        "yes",
        "target",
    )


def test_who_comes_second_learns_it_from_the_mailbox_alone(app: Flask, client: FlaskClient) -> None:
    factories.sign(client, people.cora)
    factories.work(app)
    client.post(factories.link_in(factories.letters(app)[0]))
    answer = factories.sign(client, people.carl)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/amazon/thanks")
    factories.work(app)
    *_, second = factories.letters(app)  # after the thanks for the click
    assert "already" in str(second["Subject"])
    for part in ("plain", "html"):
        body = second.get_body((part,))
        assert body is not None
        for name in ("Cora", "Carl", "Lindqvist"):
            assert name not in body.get_content()

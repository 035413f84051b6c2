"""Wanda works for the target: what reaches the target must not name her."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from tests import console, factories, people


def test_the_targets_list_does_not_name_her(app: Flask, client: FlaskClient) -> None:
    for form in (people.wanda, people.ben):
        factories.sign(client, form)
    factories.work(app)
    for letter in factories.letters(app):
        client.post(factories.link_in(letter))
    factories.work(app)
    staff = console.enter(app)
    handed_over = console.export(staff, for_target="yes").get_data(as_text=True)
    assert people.ben["given_name"] in handed_over
    for field in ("given_name", "family_name", "email", "postcode", "comment"):
        assert people.wanda[field] not in handed_over
    assert people.ben["email"] not in handed_over
    pages = [
        client.get(address).get_data(as_text=True)
        for address in ("/en/amazon", "/ar/amazon", "/en/amazon/thanks", "/en/amazon/confirmed")
    ]
    for page in pages:
        assert people.wanda["given_name"] not in page
        assert people.wanda["family_name"] not in page


def test_letters_from_the_targets_network_get_the_same_page(
    app: Flask, client: FlaskClient
) -> None:
    """Her employer tries her address on the form: nothing shows that she has signed."""
    factories.sign(client, people.wanda)
    factories.work(app)
    client.post(factories.link_in(factories.letters(app)[0]))
    probe = factories.sign(client, people.wanda | {"given_name": "Boss"})
    other = factories.sign(client, people.wanda | {"email": "nobody.at.all@amazon.example.org"})
    assert (probe.status_code, list(probe.headers), probe.data) == (
        other.status_code,
        list(other.headers),
        other.data,
    )

"""A page behind a letter's link, opened before each action had an address: its buttons still work.

It posts to the address of the page itself, with the pressed button's name and value.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories, people, rights
from tests.conftest import Clock
from tests.worlds import Worlds


@pytest.fixture
def link(app: Flask, client: FlaskClient, clock: Clock, worlds: Worlds) -> str:
    return worlds.enter(app, clock, "ben_has_a_link", lambda: _link(app, client))


def _link(app: Flask, client: FlaskClient) -> str:
    return rights.signed(app, client, people.ben)


def ticket_in(client: FlaskClient, link: str) -> str:
    return client.get(link).get_data(as_text=True).split('name="ticket" value="')[1].split('"')[0]


def test_the_name(client: FlaskClient, link: str) -> None:
    wrong = client.post(link, data={"do": "name", "given_name": "", "family_name": "B"})
    assert wrong.status_code == 422
    assert 'href="#given_name"' in wrong.get_data(as_text=True)
    form = {"do": "name", "given_name": "Benedict", "family_name": ""}
    answer = client.post(f"{link}?lang=de", data=form)
    assert (answer.status_code, answer.location) == (303, f"{link}?done=name&lang=de")
    assert "Benedict" in client.get(link).get_data(as_text=True)


def test_the_answers(app: Flask, client: FlaskClient, link: str) -> None:
    form = {"do": "choices", "updates": "yes", "visibility": "public"}
    assert client.post(link, data=form).status_code == 422, "without the ticket"
    answer = client.post(link, data=form | {"ticket": ticket_in(client, link)})
    assert (answer.status_code, answer.location) == (303, f"{link}?done=choices")
    found = factories.rows(app, "SELECT purpose, answer FROM consents WHERE way = 'my' ORDER BY id")
    assert found == [("updates", "yes"), ("visibility", "public")]


def test_withdrawing(app: Flask, client: FlaskClient, link: str) -> None:
    answer = client.post(link, data={"do": "withdraw"})
    assert (answer.status_code, answer.location) == (303, f"{link}?done=withdraw")
    assert rights.state(app) == "withdrawn"


def test_the_copies(client: FlaskClient, link: str) -> None:
    document = client.post(link, data={"do": "download"})
    assert json.loads(document.get_data())["forms"][0]["given_name"] == "Ben"
    page = client.post(link, data={"do": "page"})
    assert page.headers["Content-Disposition"] == 'attachment; filename="my-signature.html"'
    assert "Ben" in page.get_data(as_text=True)


def test_erasing(app: Flask, client: FlaskClient, link: str) -> None:
    assert client.post(link, data={"do": "erase"}).status_code == 422
    assert rights.state(app) == "confirmed"
    answer = client.post(link, data={"do": "erase", "sure": "yes"})
    assert "Everything is erased" in answer.get_data(as_text=True)
    assert rights.ids(app) == []
    assert client.post(link, data={"do": "withdraw"}).status_code == 404


@pytest.mark.parametrize("form", [{}, {"do": ""}, {"do": "promote"}, {"withdraw": "yes"}])
def test_what_is_no_button_does_nothing(
    app: Flask, client: FlaskClient, link: str, form: dict[str, str]
) -> None:
    assert client.post(link, data=form).status_code == 400
    assert client.post("/my/forged", data=form).status_code == 404
    assert rights.state(app) == "confirmed"


@pytest.mark.each_case_on_both
@pytest.mark.parametrize("when", ["at once", "later"])
@pytest.mark.parametrize(("form", "left"), [({}, 1), ({"everywhere": "yes"}, 0)])
def test_this_was_not_me(
    app: Flask, client: FlaskClient, tmp_path: Path, form: dict[str, str], left: int, when: str
) -> None:
    """The button with its box, ticked or not; and, once it is blocked, the one for the rest."""
    rights.another_call(app, tmp_path)
    rights.signed(app, client, people.ben, slug="other")
    rights.signed(app, client, people.ben)
    stop = rights.newest(app, "stop")
    if when == "later":
        assert client.post(stop, data={"stop": "yes"}).location == stop
        assert len(rights.ids(app)) == 1
    assert client.post(stop, data={"stop": "yes"} | form).location == stop
    assert len(rights.ids(app)) == left


def test_lifting_the_block(app: Flask, client: FlaskClient, link: str) -> None:
    stop = rights.newest(app, "stop")
    open_page = client.get(stop).data
    client.post(stop)
    assert client.get(stop).data != open_page
    assert client.post(f"{stop}?lang=en", data={"lift": "yes"}).location == f"{stop}?lang=en"
    assert client.get(stop).data == open_page


@pytest.mark.parametrize("form", [{"List-Unsubscribe": "One-Click"}, {"unsubscribe": "yes"}, {}])
def test_unsubscribing(app: Flask, client: FlaskClient, link: str, form: dict[str, str]) -> None:
    """By the button, and by a mail program without a page (RFC 8058)."""
    answer = client.post(rights.newest(app, "unsubscribe"), data=form)
    assert answer.status_code == 200
    gone = factories.rows(app, "SELECT count(*) FROM signatures WHERE unsubscribed_at IS NOT NULL")
    assert gone == [(1,)]

"""Somebody else entered her address: the owner of the mailbox has it taken out, and blocked."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.app import create_app
from petition.store.db import db
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import rows, work

OLENA = people.cora | {"given_name": "Olena", "email": "olena@example.org"}


@pytest.fixture
def stop(app: Flask, client: FlaskClient) -> str:
    """Somebody entered Olena's address; the link in the letter that she got."""
    factories.sign(client, OLENA)
    work(app)
    return rights.newest(app, "stop")


def test_looking_does_nothing_and_says_so(app: Flask, client: FlaskClient, stop: str) -> None:
    before = rights.dump(app)
    page = client.get(stop).get_data(as_text=True)
    assert "Wasn’t this you?" in page
    assert "Opening this page has done nothing yet." in page
    assert rights.dump(app) == before


def test_one_button_takes_it_out_and_blocks(
    app: Flask, client: FlaskClient, stop: str, clock: Clock
) -> None:
    confirm = rights.newest(app, "confirm")
    answer = client.post(stop)
    assert (answer.status_code, answer.location) == (303, stop)
    assert "This address is blocked here" in client.get(stop).get_data(as_text=True)
    assert rights.ids(app) == []
    assert factories.letters(app) == []
    assert client.get(confirm).status_code == client.post(confirm).status_code == 404
    clock.forward(timedelta(minutes=1))
    assert factories.sign(client, OLENA).status_code == 303, "the stranger sees no difference"
    work(app)
    rights.ask(client, OLENA["email"])
    rights.ask(client, OLENA["email"], "resend")
    work(app)
    clock.forward(timedelta(days=4))  # no reminder either
    work(app)
    assert factories.letters(app) == []
    assert rights.person(app, 2).email == ""
    clock.forward(timedelta(days=4))
    work(app)
    assert rights.ids(app) == []
    assert "This address is blocked here" in client.get(stop).get_data(as_text=True)


@pytest.mark.slow
def test_also_when_it_was_confirmed(app: Flask, client: FlaskClient) -> None:
    """She pressed the wrong button first, or somebody had her phone."""
    rights.signed(app, client, OLENA)
    rights.take_out(app)
    work(app)
    assert rights.counted(app)["total", ""] == 1
    client.post(rights.newest(app, "stop"))
    work(app)
    assert rights.counted(app)["total", ""] == 0
    assert rights.ids(app) == []
    assert rights.recalled(app) == [("1", "erased")]


def test_ten_times_is_once(app: Flask, client: FlaskClient, stop: str) -> None:
    client.post(stop)
    before = rights.dump(app)
    for _ in range(9):
        assert client.post(stop).status_code == 303
    assert rights.dump(app) == before


def test_she_changes_her_mind(app: Flask, client: FlaskClient, stop: str, clock: Clock) -> None:
    client.post(stop)
    clock.forward(timedelta(days=1))
    factories.sign(client, OLENA | {"given_name": "Stranger"})
    work(app)
    assert "Lift the block" in client.get(stop).get_data(as_text=True)
    assert client.post(f"{stop}/lift").status_code == 303
    assert "Wasn’t this you?" in client.get(stop).get_data(as_text=True)
    assert rights.ids(app) == [], "what the stranger sent meanwhile does not come back"
    clock.forward(timedelta(days=1))
    link = rights.signed(app, client, OLENA)
    assert "Olena" in client.get(link).get_data(as_text=True)
    work(app)
    assert rights.counted(app)["total", ""] == 1
    client.post(f"{stop}/lift")
    assert len(rights.ids(app)) == 1, "an old page that is sent once more takes nothing away"


def test_years_later_the_link_works_though_all_is_long_gone(
    app: Flask, client: FlaskClient, stop: str, clock: Clock
) -> None:
    clock.forward(timedelta(days=3649))
    work(app)
    assert rights.ids(app) == []
    assert client.post(stop).status_code == 303
    assert len(rows(app, "SELECT * FROM mailbox_blocks")) == 1
    clock.forward(timedelta(days=2))
    assert client.get(stop).status_code == client.post(stop).status_code == 410


def test_it_is_for_one_call_alone(
    app: Flask, client: FlaskClient, stop: str, tmp_path: Path
) -> None:
    rights.another_call(app, tmp_path)
    rights.signed(app, client, OLENA, slug="other")
    client.post(stop)
    work(app)
    assert rights.state(app, 1) is None
    assert rights.state(app, 2) == "confirmed"
    factories.sign(client, people.ben, slug="other")
    work(app)
    assert str(factories.letters(app)[-1]["To"]) == people.ben["email"]
    confirmed = rights.newest(app, "my")
    assert "Olena" in client.get(confirmed).get_data(as_text=True)


def test_the_link_speaks_the_language_of_the_letter(app: Flask, client: FlaskClient) -> None:
    factories.sign(client, OLENA, lang="ar")
    work(app)
    link = rights.newest(app, "stop")
    page = client.get(link).get_data(as_text=True)
    assert '<html lang="ar" dir="rtl">' in page
    assert '<html lang="en"' in client.get(f"{link}?lang=en").get_data(as_text=True)
    assert client.post(f"{link}?lang=en").location == f"{link}?lang=en"


def test_the_page_names_nobody(app: Flask, client: FlaskClient, stop: str) -> None:
    for page in (client.get(stop), client.post(stop, follow_redirects=True)):
        text = page.get_data(as_text=True)
        assert "Olena" not in text
        assert "olena" not in text
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"


def test_a_house_with_another_key_takes_none_of_its_links(
    app: Flask, client: FlaskClient, stop: str, sqlite_template: Path, tmp_path: Path
) -> None:
    # A database of its own: beside this one, other keys do not even start (faults, row 4).
    (tmp_path / "else").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "else" / "petition.db")
    other = create_app(
        factories.load({"PETITION_INSTANCE": str(tmp_path / "else")}),
        now=dependencies_of(app).now,
    )
    assert other.test_client().get(stop).status_code == 404
    assert other.test_client().post(stop).status_code == 404
    with other.app_context():
        db.engine.dispose()

"""Operations: static files under one name each, and what is said when the database is away."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition import rendering
from petition.app import create_app
from petition.config import load
from petition.web import calls
from tests import factories, people
from tests.visitor import Visitor

ADDRESS = rendering.asset("css/site.css")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_a_static_file_may_be_kept_for_ever(client: FlaskClient) -> None:
    answer = client.get(ADDRESS)
    assert (answer.status_code, answer.mimetype) == (200, "text/css")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@on_sqlite
@pytest.mark.parametrize(
    "name", ["css/./site.css", "css/../css/site.css", "css//site.css", "../app.py"]
)
def test_a_static_file_has_one_name(client: FlaskClient, name: str) -> None:
    path = ADDRESS.removesuffix("css/site.css") + name
    answer = client.get("/", environ_overrides={"PATH_INFO": path, "REQUEST_URI": path})
    assert answer.status_code in {404, 308}


def test_it_is_ready_once_its_tables_are_there(client: FlaskClient) -> None:
    assert client.get("/healthz").data == b"ok\n"
    assert client.get("/readyz").status_code == 200


def test_a_database_without_tables_is_not_ready(tmp_path: Path) -> None:
    app = create_app(load({"PETITION_INSTANCE": str(tmp_path)}))
    assert app.test_client().get("/readyz").status_code == 503


@pytest.mark.parametrize(
    "address", ["/", "/amazon", "/en/amazon", "/ar/amazon/thanks", "/readyz", "/staff/set-up/x"]
)
def test_a_database_that_does_not_answer(tmp_path: Path, address: str) -> None:
    """Nobody listens at that port. Pages say so kindly, and when to come back."""
    app = create_app(
        load(
            {
                "PETITION_INSTANCE": str(tmp_path),
                "DATABASE_URL": "postgresql://nobody:planted@127.0.0.1:1/none",
            }
        )
    )
    app.test_client_class = Visitor
    client = app.test_client()
    for answer in (client.get(address), client.post("/en/amazon/sign", data=people.ben)):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert "planted" not in answer.get_data(as_text=True)
    assert client.get("/healthz").status_code == 200


@on_sqlite
def test_finders_are_kept_out_of_what_is_anybodys_own(client: FlaskClient) -> None:
    text = client.get("/robots.txt").get_data(as_text=True)
    for place in ("confirm", "my", "staff", "unsubscribe"):
        assert f"Disallow: /{place}/" in text


@on_sqlite
def test_who_finds_a_hole_learns_whom_to_tell(client: FlaskClient) -> None:
    text = client.get("/.well-known/security.txt").get_data(as_text=True)
    assert "Contact: mailto:" in text
    assert "Expires: 2027-01-31T09:30:00Z" in text


def test_a_page_that_was_read_stays_up_without_the_database(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = client.get("/en/amazon")
    monkeypatch.setattr(calls, "FRESH", -1.0)
    app.extensions["petition"].calls.forget()
    client.get("/en/amazon")
    factories.change(app, "ALTER TABLE campaigns RENAME TO campaigns_away")
    try:
        again = client.get("/en/amazon")
    finally:
        factories.change(app, "ALTER TABLE campaigns_away RENAME TO campaigns")
    assert (again.status_code, again.data) == (before.status_code, before.data)

"""Operations: static files under one name each, and what is said when the database is away."""

from __future__ import annotations

import gzip
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
@pytest.mark.parametrize("name", ["css/site.css", "js/site.js", "favicon.svg"])
def test_a_static_file_comes_compressed_to_who_takes_that(client: FlaskClient, name: str) -> None:
    address, file = rendering.asset(name), (rendering.STATIC / name).read_bytes()
    plain = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": "br, gzip, deflate"})
    assert plain.data == file
    assert "Content-Encoding" not in plain.headers
    if packed.headers.get("Content-Encoding") == "gzip":
        assert gzip.decompress(packed.data) == file
        assert len(packed.data) < len(file)
        assert plain.headers["ETag"] != packed.headers["ETag"]
        for answer in (plain, packed):
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert int(answer.headers["Content-Length"]) == len(answer.data)
    else:
        assert len(gzip.compress(file)) > 0.9 * len(file)


@on_sqlite
def test_the_big_files_are_compressed(client: FlaskClient) -> None:
    for name in ("css/site.css", "js/site.js"):
        packed = client.get(rendering.asset(name), headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"


@on_sqlite
@pytest.mark.parametrize(
    ("header", "packed"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("gzip;q=1.0, *;q=0.5", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("gzip;q=0", False),
        ("gzip; q=0, identity", False),
        ("br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_nobody_gets_what_they_do_not_take(client: FlaskClient, header: str, packed: bool) -> None:
    for address in (ADDRESS, "/en/amazon"):
        answer = client.get(address, headers={"Accept-Encoding": header})
        assert ("Content-Encoding" in answer.headers) is packed


@on_sqlite
def test_who_has_a_file_is_not_sent_it_again(client: FlaskClient) -> None:
    for encoding in ("gzip", "identity"):
        headers = {"Accept-Encoding": encoding}
        known = {"If-None-Match": client.get(ADDRESS, headers=headers).headers["ETag"]}
        again = client.get(ADDRESS, headers=headers | known)
        assert (again.status_code, again.data) == (304, b"")
        assert "immutable" in again.headers["Cache-Control"]


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

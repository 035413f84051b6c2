"""A database with several hosts, and one that refuses or goes away: found, or said in one line."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from petition.app import make_app
from petition.cli.error_lines import one_line
from petition.config import Settings, load
from petition.services.exports import csv_file
from petition.services.exports.csv_file import Export
from petition.store.db import DatabaseFault, db, engine_options, reading, transaction
from petition.store.signatures.signatures import Filters
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.factories import confirm, entries, keep, the_call

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def _url(database_url: str) -> URL:
    return make_url(database_url)


def _user(url: URL) -> str:
    return (url.username or "") + (f":{url.password}" if url.password else "")


@pytest.mark.parametrize(
    "shape",
    [
        "postgresql://{user}@127.0.0.1:1,{host}:{port}/{database}",
        "postgresql://{user}@[::1]:1,127.0.0.1:1,{host}:{port}/{database}",
        "postgresql://{user}@127.0.0.1:1,{host}:{port}/{database}?target_session_attrs=read-write",
        "postgresql://{user}@/{database}?host=127.0.0.1:1&host={host}:{port}",
        "postgres://{user}@/{database}?host=127.0.0.1,{host}&port=1,{port}",
    ],
)
def test_the_host_that_lives_is_found(database_url: str, tmp_path: Path, shape: str) -> None:
    url = _url(database_url)
    # The tests' own server has a socket only, whose folder is written as a host is.
    host = quote(url.host or str(url.query["host"]), safe="")
    port = url.port or url.query.get("port") or 5432
    several = shape.format(user=_user(url), host=host, port=port, database=url.database)
    settings = load({"DATABASE_URL": several, "PETITION_INSTANCE": str(tmp_path / "i")})
    app = make_app(settings)
    with app.app_context():
        with reading() as session:
            assert session.scalar(text("SELECT 1")) == 1
        db.engine.dispose()


def test_options_of_the_address_are_kept(database_url: str) -> None:
    url = "postgresql+psycopg://u@h/d?options=-csearch_path%3Dpetition"
    options = engine_options(url)["connect_args"]["options"]
    assert options == "-csearch_path=petition -c timezone=UTC"


def test_a_server_that_goes_away_in_the_middle_of_an_export(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petition.store.signatures.signatures.PAGE", 1)
    for form in people.SIGNERS:
        keep(app, the_call(app), form)
    for entry_id in entries(app):
        confirm(app, entry_id)
    order = Export(slug="amazon", by="x", reason="r", filters=Filters(), for_target=False)
    deps = dependencies_of(app)
    chunks = csv_file.export(
        order, deps.vault, reading=reading, transaction=transaction, now=deps.now
    )
    next(chunks)
    next(chunks)
    plain = make_url(settings.database_url).set(drivername="postgresql")
    with psycopg.connect(
        plain.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(DatabaseFault) as caught:
        list(chunks)
    line = one_line(caught.value)
    assert line == "the database does not answer: see DATABASE_URL"
    assert not any(form["email"] in str(caught.value) for form in people.SIGNERS)

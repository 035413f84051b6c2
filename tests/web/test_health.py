"""Health checks, and what is said when the database is away."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from petition.app import create_app
from petition.config import load
from petition.store.db import db, transaction
from petition.store.signatures import readiness
from petition.web.http.dependencies import dependencies_of
from tests import factories, people
from tests.visitor import Visitor

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_it_is_ready_once_its_tables_are_there(client: FlaskClient) -> None:
    assert client.get("/healthz").data == b"ok\n"
    assert client.get("/readyz").status_code == 200


def test_a_database_without_tables_is_not_ready(tmp_path: Path) -> None:
    app = create_app(load({"PETITION_INSTANCE": str(tmp_path)}))
    assert app.test_client().get("/readyz").status_code == 503


@contextmanager
def _full(database: Path) -> Iterator[None]:
    """No file may grow past the length that the write-ahead log has now: as on a full disk."""
    length = Path(f"{database}-wal").stat().st_size
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@on_sqlite
def test_a_full_disk_is_not_ready(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "TRY_AGAIN", -1.0)
    assert client.get("/readyz").status_code == 200
    with _full(Path(str(db.engine.url.database))):
        assert factories.sign(client, people.ben).status_code == 503
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert factories.sign(client, people.ben).status_code == 303
    assert client.get("/readyz").status_code == 200


@on_sqlite
def test_a_disk_with_little_room_is_not_ready(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "LEAST_FREE", 2**62)
    assert client.get("/readyz").status_code == 503


def test_a_database_that_only_reads_is_not_ready(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "TRY_AGAIN", -1.0)
    if db.engine.dialect.name == "sqlite":
        event.listen(db.engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only = ON"))
    else:
        name = db.engine.url.database
        factories.change(app, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    db.engine.dispose()
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_who_asks_often_makes_one_write_and_leaves_no_row(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, tries = readiness._takes_a_row, []
    monkeypatch.setattr(readiness, "TRY_AGAIN", 3600.0)
    monkeypatch.setattr(readiness, "_takes_a_row", lambda engine: tries.append(1) or take(engine))
    before = factories.rows(app, "SELECT * FROM jobs ORDER BY name")
    assert {client.get("/readyz").status_code for _ in range(20)} == {200}
    assert len(tries) == 1
    assert factories.rows(app, "SELECT * FROM jobs ORDER BY name") == before


def test_a_database_that_somebody_writes_into_is_ready(app: Flask, client: FlaskClient) -> None:
    with transaction() as session:
        session.execute(text("UPDATE jobs SET last_at = last_at"))
        assert client.get("/readyz").status_code == 200


@pytest.mark.slow
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


def test_a_page_that_was_read_stays_up_without_the_database(
    app: Flask, client: FlaskClient
) -> None:
    before = client.get("/en/amazon")
    dependencies_of(app).campaign_cache.expire()
    factories.change(app, "ALTER TABLE campaigns RENAME TO campaigns_away")
    try:
        again = client.get("/en/amazon")
    finally:
        factories.change(app, "ALTER TABLE campaigns_away RENAME TO campaigns")
    assert (again.status_code, again.data) == (before.status_code, before.data)

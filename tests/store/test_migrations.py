"""Migrations: up, down, up with data in the tables, and equal to the models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect, text

from petition.app import SHIPPED, create_app
from petition.config import load, resource_dir
from petition.services import campaigning
from petition.store.db import Base, db, is_migrated, transaction
from petition.store.signatures import Filters, pages
from tests import people
from tests.conftest import Clock, PostgreSQL
from tests.factories import confirm, entries, keep, rows, the_call, work

FOLDER = str(resource_dir("migrations"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.database(migrated=False) as url:
        yield url


@contextmanager
def _app(url: str, tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    app = create_app(load({"DATABASE_URL": url, "PETITION_INSTANCE": str(tmp_path / "i")}), clock)
    with app.app_context():
        yield app
        db.engine.dispose()


def _shape() -> dict[str, object]:
    """Tables, columns, keys, indexes and triggers as the database has them."""
    found = inspect(db.engine)
    with db.engine.connect() as connection:
        names = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if db.engine.dialect.name == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
        triggers = sorted(connection.execute(text(names)).scalars())
    return {
        "triggers": triggers,
        **{
            table: [
                [(column["name"], str(column["type"])) for column in found.get_columns(table)],
                sorted(str(key) for key in found.get_foreign_keys(table)),
                sorted(str(key["name"]) for key in found.get_indexes(table)),
                sorted(str(key["name"]) for key in found.get_unique_constraints(table)),
                sorted(str(key["name"]) for key in found.get_check_constraints(table)),
            ]
            for table in found.get_table_names()
            if table != "alembic_version"
        },
    }


def _fill(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        campaigning.load_and_open_new(session, SHIPPED / "amazon", organiser="Us", at=clock())
    call = the_call(app)
    for form in people.SIGNERS:
        keep(app, call, form)
    confirm(app, entries(app)[0])
    work(app)


def test_up_down_and_up_again_with_data(empty_url: str, tmp_path: Path, clock: Clock) -> None:
    with _app(empty_url, tmp_path, clock) as app:
        assert not is_migrated(db.engine)
        flask_migrate.upgrade(directory=FOLDER)
        assert is_migrated(db.engine)
        shape = _shape()
        assert len(shape["triggers"]) == 5  # type: ignore[arg-type]
        _fill(app, clock)
        flask_migrate.downgrade(directory=FOLDER, revision="base")
        assert not is_migrated(db.engine)
        assert set(_shape()) == {"triggers"}
        flask_migrate.upgrade(directory=FOLDER)
        assert _shape() == shape
        _fill(app, clock)
        with transaction() as session:
            (page,) = pages(session, the_call(app).id, Filters())
            assert len(page) == 1


def test_up_again_changes_nothing(empty_url: str, tmp_path: Path, clock: Clock) -> None:
    with _app(empty_url, tmp_path, clock) as app:
        flask_migrate.upgrade(directory=FOLDER)
        _fill(app, clock)
        before = rows(app, "SELECT * FROM entries ORDER BY id")
        flask_migrate.upgrade(directory=FOLDER)
        assert rows(app, "SELECT * FROM entries ORDER BY id") == before


def test_models_equal_migrations(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_column_that_no_migration_made_is_found(app: Flask) -> None:
    """The control of the test above."""
    with transaction() as session:
        session.execute(text("ALTER TABLE staff ADD COLUMN shoe_size INTEGER"))
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) != []


def test_the_providers_come_with_the_tables(app: Flask) -> None:
    found = rows(app, "SELECT domain, same_as FROM mail_providers WHERE domain LIKE '%mail.com'")
    assert ("googlemail.com", "gmail.com") in found

"""The files that a test's database wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from petition.store.db import db
from tests.conftest import PostgreSQL
from tests.factories import rows


@pytest.fixture
def files(request: pytest.FixtureRequest, app: Flask) -> Callable[[], list[Path]]:
    """Every file that holds what this test's database wrote."""
    if db.engine.dialect.name == "sqlite":
        path = Path(str(db.engine.url.database))
        return lambda: sorted(path.parent.glob("petition.db*"))
    server: PostgreSQL = request.getfixturevalue("postgresql")
    data = server.data
    if data is None:
        pytest.skip("the server of TEST_DATABASE_URL keeps its files elsewhere")
    (oid,), (begin,) = rows(
        app,
        "SELECT CAST(oid AS text) FROM pg_database WHERE datname = current_database()"
        " UNION ALL SELECT pg_walfile_name(pg_current_wal_lsn())",
    )

    def found() -> list[Path]:
        with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        others = {path for path in (data / "base").iterdir() if path.name != oid}
        return [
            path
            for path in data.rglob("*")
            if path.is_file()
            and not others.intersection(path.parents)
            and not (path.parent.name == "pg_wal" and path.name < str(begin))
        ]

    return found

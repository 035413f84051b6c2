"""Engine settings for SQLite and PostgreSQL."""

from __future__ import annotations

import logging
import os
from typing import Any

from sqlalchemy import Dialect, Engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from petition import files

READING = "petition_reading"
"""The execution option of a connection that only reads: SQLite then takes no write lock."""


def engine_options(url: str) -> dict[str, Any]:
    """What Flask-SQLAlchemy hands to create_engine for this database."""
    if make_url(url).get_backend_name() == "sqlite":
        return {
            "hide_parameters": True,  # an error's text may reach a log, a row never
            "connect_args": {"timeout": 30, "check_same_thread": False},
        }
    return {
        "hide_parameters": True,
        "use_native_hstore": False,  # one question fewer at each start
        "pool_pre_ping": True,  # after a restart one look finds all connections of before
        "pool_recycle": 1800,  # seconds; what stands between may forget a line that is older
        # As many as a process has threads are kept: a crowd would else connect anew for each form,
        # and some would wait for a connection until their time is over.
        "pool_size": 20,
        "max_overflow": 5,
        "connect_args": {
            "connect_timeout": 5,
            "application_name": "petition",
            "options": f"{make_url(url).query.get('options', '')} -c timezone=UTC".strip(),
        },
    }


def prepare(engine: Engine) -> None:
    """Set the engine up for its database; call once, when the app is made."""
    # Its trace of a connection that is cut off says nothing that our own line does not.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _keep_private)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin_sqlite)


def _keep_private(_: Dialect, __: ConnectionPoolEntry, where: list[str], ___: Any) -> None:
    """SQLite would make its file for everybody to read; the files beside it take its mode."""
    database = where[0]
    if os.path.isdir(os.path.dirname(database)):
        files.make_private(database)
        for beside in ("-wal", "-shm", ".door", ".turn"):
            files.tighten(database + beside)


def _set_pragmas(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is ours to say: IMMEDIATE for writing
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout = 30000",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
        "wal_autocheckpoint = 4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def reading_engine(engine: Engine) -> Engine:
    """The same engine for who only reads: one snapshot, and on SQLite no write lock.

    It is kept beside the other until that one's options change: to make one costs as much as a
    query.
    """
    options = engine.get_execution_options()
    made: tuple[object, Engine] | None = engine.__dict__.get(READING)
    if made is None or made[0] is not options:
        found = engine.execution_options(**{READING: True})
        if engine.dialect.name == "postgresql":
            found = found.execution_options(isolation_level="REPEATABLE READ")
        made = engine.__dict__[READING] = (options, found)
    return made[1]


def is_there(engine: Engine) -> bool:
    """False for an SQLite file that nobody has made yet: looking at it would make it."""
    return engine.dialect.name != "sqlite" or os.path.exists(str(engine.url.database))


def file_of(engine: Engine) -> str | None:
    """The SQLite file; None for a server."""
    return str(engine.url.database) if engine.dialect.name == "sqlite" else None

"""Readiness: whether the database takes a signature now, asked often and tried rarely."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from petition.store.db import is_migrated
from petition.store.signatures.group_commit import GroupCommit

TRY_AGAIN: Final = 2.0
"""Seconds for which an answer holds: who asks a thousand times makes one write of it."""
LEAST_FREE: Final = 8 * 1024 * 1024
"""Bytes that an SQLite file's disk has left at least: below, some writes pass and some do not."""
AFTER_A_FAILURE: Final = 10.0
"""Seconds after which a failed signature counts no more, should nobody have signed since."""

_LOCK_NOT_AVAILABLE: Final = "55P03"
_WRITE: Final = "INSERT INTO jobs (name, next_at) VALUES ('readiness', CURRENT_TIMESTAMP)"
_TAKE_BACK: Final = "DELETE FROM jobs WHERE name = 'readiness'"
"""In the same commit, which is written all the same: who only looks changes nothing."""


class Readiness:
    """One process's knowledge of whether its database takes writes."""

    def __init__(self, engine: Engine, group_commit: GroupCommit) -> None:
        self._engine = engine
        self._intake = group_commit
        self._lock = threading.Lock()
        self._next_try = 0.0
        self._took_it = False

    def ready(self) -> bool:
        """True when the tables are this version's and a row was written within TRY_AGAIN seconds.

        Raises what the database raises when it does not answer at all.
        """
        if not is_migrated(self._engine) or not _has_room(self._engine):
            return False
        if self._intake.failed_lately(AFTER_A_FAILURE):  # a signature is more than a row
            return False
        with self._lock:
            if time.monotonic() >= self._next_try:
                self._took_it = _takes_a_row(self._engine)
                self._next_try = time.monotonic() + TRY_AGAIN
            return self._took_it


def _has_room(engine: Engine) -> bool:
    if engine.dialect.name != "sqlite":
        return True
    found = os.statvfs(os.path.dirname(os.path.realpath(str(engine.url.database))))
    return found.f_bavail * found.f_frsize >= LEAST_FREE


def _takes_a_row(engine: Engine) -> bool:
    """Write one row, as signing would; a database that is only busy counts as one that takes it."""
    try:
        connection = engine.raw_connection()
    except SQLAlchemyError:
        return False
    try:
        if engine.dialect.name == "sqlite":
            _write_on_sqlite(connection)
        else:
            _write(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        return _is_busy(error)
    finally:
        connection.close()
    return True


def _write_on_sqlite(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 200")  # not in the writers' queue: this is no signature
    try:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            cursor.execute(_WRITE)
            cursor.execute(_TAKE_BACK)
            cursor.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                cursor.execute("ROLLBACK")
            raise
    finally:
        cursor.execute("PRAGMA busy_timeout = 30000")
        cursor.close()


def _write(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '200ms'")
        cursor.execute(_WRITE)
        cursor.execute(_TAKE_BACK)
    connection.commit()


def _is_busy(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
    return getattr(error, "sqlstate", None) == _LOCK_NOT_AVAILABLE

"""The database: engine settings for SQLite and PostgreSQL, and the transaction."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Dialect, Engine, MetaData, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from petition.config import resource_dir
from petition.errors import SettingError

READING = "petition_reading"

DatabaseFault = SQLAlchemyError
"""What any call into the store may raise, for those above who may not know its library."""


class Base(DeclarativeBase):
    """What every table is built on; constraints are named so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)


class Instant(TypeDecorator[datetime]):
    """An aware UTC time. SQLite has no time zones, so it is added on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


# SQLite counts up only an INTEGER key.
Id = BigInteger().with_variant(db.Integer(), "sqlite")


def engine_options(url: str) -> dict[str, Any]:
    """What Flask-SQLAlchemy hands to create_engine for this database."""
    if make_url(url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": 30, "check_same_thread": False}}
    return {
        "pool_pre_ping": True,
        "pool_size": 5,
        "max_overflow": 20,
        "connect_args": {
            "connect_timeout": 5,
            "application_name": "petition",
            "options": "-c timezone=UTC",
        },
    }


def prepare(engine: Engine) -> None:
    """Set the engine up for its database; call once, when the app is made."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin_sqlite)


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


class WriterQueue:
    """SQLite has one writer: this hands the turn over fairly, across threads and processes.

    Left to poll for its write lock, one of two processes may wait a second while the other
    writes a hundred times. Two lock files make a turnstile: who waits for the turn holds the
    door, so that who has just written queues up behind.
    """

    def __init__(self, database: str) -> None:
        self._door = f"{database}.door"
        self._turn = f"{database}.turn"
        self._threads = threading.Lock()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._threads, _locked(self._door) as door, _locked(self._turn):
            fcntl.flock(door, fcntl.LOCK_UN)
            yield


@contextmanager
def _locked(path: str) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _no_queue() -> Iterator[None]:
    yield


_queues: dict[str, WriterQueue] = {}


def writer_queue(engine: Engine) -> Any:
    """A context manager to write under; on PostgreSQL writers do not queue."""
    if engine.dialect.name != "sqlite":
        return _no_queue()
    database = os.path.realpath(str(engine.url.database))
    return _queues.setdefault(database, WriterQueue(database))()


@contextmanager
def transaction(engine: Engine | None = None) -> Iterator[Session]:
    """Write: leaving the block commits, an exception rolls back."""
    engine = engine or db.engine
    with writer_queue(engine), Session(engine) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine | None = None) -> Iterator[Session]:
    """Read one snapshot of the database, for as long as the block lasts."""
    engine = (engine or db.engine).execution_options(**{READING: True})
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine) as session:
        yield session


@contextmanager
def snapshot_transaction() -> Iterator[Session]:
    """Write, with every statement seeing the database as it was at the first one.

    On PostgreSQL a row that another transaction changed meanwhile makes this one fail: the
    caller tries again.
    """
    engine = db.engine
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with transaction(engine) as session:
        yield session


def forget_freed(engine: Engine) -> bool:
    """Clear what deleted rows leave behind; False when somebody's reading stands in the way.

    SQLite overwrites freed space itself (secure_delete); its write-ahead log still holds the old
    pages until it is copied over and cut off. PostgreSQL frees the rows' space for new ones; what
    lies there until then is sealed, as it was.
    """
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(
                "VACUUM signatures, entries, consents, letters, reviews, mailboxes, "
                "link_requests, code_tries"
            )
        return True
    with writer_queue(engine):
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA busy_timeout = 200")  # a long export must not hold up signing
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.execute("PRAGMA busy_timeout = 30000")
            return not busy
        finally:
            raw.close()


def check_durability(engine: Engine) -> None:
    """Raise SettingError when an acknowledged signature could be lost at a power cut."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            _check_sqlite(connection, str(engine.url.database))
        else:
            _check_postgresql(connection)


def _check_sqlite(connection: Connection, database: str) -> None:
    def pragma(name: str) -> Any:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    if pragma("synchronous") < 2:
        raise SettingError("DATABASE_URL: SQLite must run with synchronous=FULL")
    if pragma("foreign_keys") != 1:
        raise SettingError("DATABASE_URL: SQLite must run with foreign_keys=ON")
    kind = _file_system(os.path.dirname(os.path.realpath(database)))
    if kind in {"tmpfs", "ramfs", "nfs", "nfs4", "cifs"}:
        raise SettingError(f"DATABASE_URL: an SQLite file on {kind} does not survive a power cut")


def _check_postgresql(connection: Connection) -> None:
    for name, unsafe in (("fsync", {"off"}), ("synchronous_commit", {"off"})):
        value = connection.exec_driver_sql(f"SHOW {name}").scalar()
        if value in unsafe:
            raise SettingError(f"DATABASE_URL: PostgreSQL runs with {name}={value}; it takes on")


def is_migrated(engine: Engine) -> bool:
    """True when the database has the tables that this version of the code needs."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == set(_heads())


@cache
def _heads() -> tuple[str, ...]:
    return tuple(ScriptDirectory(str(resource_dir("migrations"))).get_heads())


def _file_system(folder: str) -> str:
    """The kind of file system that holds the folder, where the system says so."""
    best, kind = "", "unknown"
    try:
        with open("/proc/mounts", encoding="utf-8") as mounts:
            rows = [line.split()[1:3] for line in mounts]
    except OSError:
        return kind
    for place, name in rows:
        place = place.replace("\\040", " ")
        inside = folder == place or folder.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best):
            best, kind = place, name
    return kind

"""Durability: whether this database keeps what it acknowledged through a power cut."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from petition.errors import SettingError


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


def check_takes_changes(engine: Engine) -> None:
    """Raise SettingError where PostgreSQL only reads: a copy that follows another server."""
    if engine.dialect.name == "sqlite":
        return
    with engine.connect() as connection:
        if connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on":
            raise SettingError("DATABASE_URL: this PostgreSQL server is read-only")


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

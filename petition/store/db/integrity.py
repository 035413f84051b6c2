"""Integrity: what SQLite finds damaged in its file."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from petition.store.db.engine import READING

DAMAGED = "the database file is damaged; stop both services and put a backup back"


def faults_of_file(engine: Engine, *, thorough: bool) -> list[str]:
    """What SQLite finds damaged in its file, without a row's content; a server looks itself.

    `thorough` compares each index with its table, which takes some seconds for each million rows.
    """
    if engine.dialect.name != "sqlite":
        return []
    pragma = "integrity_check" if thorough else "quick_check"
    with engine.connect().execution_options(**{READING: True}) as connection:
        try:
            rows = list(connection.exec_driver_sql(f"PRAGMA {pragma}(100)").scalars())
        except DatabaseError as error:
            if getattr(error.orig, "sqlite_errorname", "").partition("_")[2][:7] != "CORRUPT":
                raise
            return [DAMAGED]
    places = len([row for row in rows if row != "ok"])
    return [f"{DAMAGED} ({places if places < 100 else '100 or more'} faults)"] if places else []

"""What a command says when something breaks: one line, never a row of the database."""

from __future__ import annotations

import re
import traceback
from typing import Any, Final

from petition.errors import PetitionError
from petition.store.db import DAMAGED, DatabaseFault

UPGRADE: Final = "the database has not the tables of this version: run `petition db upgrade`"
NOT_HERE: Final = "the database does not answer: see DATABASE_URL"

_SQLITE: Final = {
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": "the database file is no SQLite database: see DATABASE_URL",
    "SQLITE_CANTOPEN": "the database file cannot be opened: see DATABASE_URL",
    "SQLITE_FULL": "the disk is full; nothing was half-written",
    "SQLITE_READONLY": "the database file is read-only",
    "SQLITE_BUSY": "somebody else is writing into the database; try again",
    "SQLITE_IOERR": "the disk does not read or write",
    "SQLITE_PERM": "the database file may not be read",
}
_POSTGRESQL: Final = {
    "42P01": UPGRADE,
    "42703": UPGRADE,
    "28P01": "the database refuses the user or the password in DATABASE_URL",
    "28000": "the database refuses the user in DATABASE_URL",
    "3D000": "the server has no database of that name: see DATABASE_URL",
    "42501": "the database does not allow this user to do that",
    "25006": "the database is read-only",
    "53100": "the database's disk is full; nothing was half-written",
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}
_CONNECTING: Final = (
    ("password authentication failed", _POSTGRESQL["28P01"]),
    ("no password supplied", _POSTGRESQL["28P01"]),
    ("no pg_hba.conf entry", _POSTGRESQL["28000"]),
    ("role", _POSTGRESQL["28000"]),
    ("does not exist", _POSTGRESQL["3D000"]),
    ("session is read-only", _POSTGRESQL["25006"]),
    ("invalid connection option", "DATABASE_URL has an option that PostgreSQL does not know"),
)


def one_line(error: Exception) -> str:
    """What a person is told. Our own words: a database's text may hold a row or a password."""
    if isinstance(error, PetitionError):
        return " ".join(str(error).split())
    if isinstance(error, DatabaseFault):
        return _database(getattr(error, "orig", None))
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return _unexpected(error)


def _database(fault: Any) -> str:
    name = getattr(fault, "sqlite_errorname", None)
    if name is not None:
        return _sqlite(name, str(fault))
    state = getattr(fault, "sqlstate", None)
    if state is not None:
        return _POSTGRESQL.get(state) or _by_class(state)
    said = str(fault)
    return next((words for mark, words in _CONNECTING if mark in said), NOT_HERE)


def _sqlite(name: str, said: str) -> str:
    if said.startswith(("no such table", "no such column")):
        return UPGRADE
    kind = re.match(r"SQLITE_[A-Z]+", name)
    return _SQLITE.get(kind[0] if kind else name, f"the database refuses this ({name})")


def _by_class(state: str) -> str:
    """The first two characters of an SQLSTATE: 08 is a lost connection, 57 a server that stops."""
    if state[:2] in {"08", "57"}:
        return NOT_HERE
    return f"the database refuses this (SQLSTATE {state})"


def _unexpected(error: Exception) -> str:
    """A fault of ours: its places in the code, without its text."""
    places = [f"{each.name}:{each.lineno}" for each in traceback.extract_tb(error.__traceback__)]
    return f"this is our fault: {type(error).__name__} at {' > '.join(places[-6:])}"

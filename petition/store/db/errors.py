"""What a database raises, for those who may not know its library."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import (
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError as PoolTimeout,
)

DatabaseFault = SQLAlchemyError
"""What any call into the store may raise, for those above who may not know its library."""

UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeout)
"""What a database raises that cannot serve now: away, restarting, in conflict."""


def is_away(error: SQLAlchemyError) -> bool:
    """True for a database that may come back by itself: it does not answer, starts or is busy."""
    fault = getattr(error, "orig", None)
    if isinstance(fault, sqlite3.Error):
        return fault.sqlite_errorname.startswith("SQLITE_BUSY")
    state = getattr(fault, "sqlstate", None)
    return state is None or state[:2] in {"08", "53", "57"}

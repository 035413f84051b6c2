"""Failures of the database that pass by themselves: a restart, a lost connection, a busy lock.

Who has SQLite needs no psycopg, a twentieth of a start: it is imported when something has failed.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from petition.store.db.session import SessionFactory

T = TypeVar("T")  # Python 3.11 has no other way to say it

# By class: connections, what an operator or a crash ended. By code: a snapshot that is too old,
# a ring of locks, a lock that is not free, a server that is still read-only after a failover, and
# one that has no connection left.
_CLASSES: Final = frozenset({"08", "57"})
_CODES: Final = frozenset({"40001", "40P01", "55P03", "25006", "53300"})
_CANCELED: Final = "57014"
"""Somebody stopped this statement: it would not do better the next time."""
_OVERTAKEN: Final = frozenset({"40001", "40P01", "55P03"})
"""What the server undoes whole because another transaction stood in its way."""
_SQLITE_CODES: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def is_passing(error: BaseException) -> bool:
    """True when the same work may well succeed a moment later, on another connection.

    Whether what failed was kept is unknown then: a connection can be lost in the very commit.
    """
    import psycopg  # noqa: PLC0415  # see above

    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, PoolTimeout | psycopg.InterfaceError):
        return True
    if isinstance(cause, sqlite3.OperationalError):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_CODES
    if not isinstance(cause, psycopg.OperationalError):
        return False
    code = cause.sqlstate
    if code is None:  # nobody answers, or the line was cut without a word
        return True
    return code in _CODES or (code[:2] in _CLASSES and code != _CANCELED)


def is_overtaken(error: BaseException) -> bool:
    """True when the server undid the work because of another transaction: nothing was kept."""
    import psycopg  # noqa: PLC0415  # see above

    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, psycopg.OperationalError) and cause.sqlstate in _OVERTAKEN


OVERTAKEN_TRIES: Final = 5
"""After the first one."""


def committed(transaction: SessionFactory, work: Callable[[Session], T]) -> T:
    """Work in a transaction of its own, again where another one made the server undo it.

    For jobs, whose work nobody else does again at once. Of two that wait for each other the server
    gives one up; whichever it is, its work is as good a moment later.
    """
    for pause in islice(pauses(0.05, 1.0), OVERTAKEN_TRIES):
        try:
            with transaction() as session:
                return work(session)
        except SQLAlchemyError as error:
            if not is_overtaken(error):
                raise
        time.sleep(pause)
    with transaction() as session:
        return work(session)


def is_row_gone(error: BaseException) -> bool:
    """True when a row was to hang on another one that has just been deleted, or keyed anew."""
    import psycopg  # noqa: PLC0415  # see above

    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, psycopg.errors.NotNullViolation | psycopg.errors.ForeignKeyViolation)


def pauses(first: float, longest: float) -> Iterator[float]:
    """Seconds to wait before each next try, twice as long each time: no two wait the same."""
    pause = first
    while True:
        yield random.uniform(pause / 2, pause)  # noqa: S311  # it keeps no secret
        pause = min(pause * 2, longest)


class Outage:
    """How long this process has found the database away: beyond `longest` seconds nobody waits.

    Who waits holds a thread that pages need. So a restart is waited for, and a database that stays
    away is told at once, until it is back.
    """

    def __init__(self, longest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest, self._clock = longest, clock
        self._began = self._last = float("-inf")

    def goes_on(self) -> bool:
        """Note a failure; whether it is still worth waiting for."""
        now = self._clock()
        if now - self._last > self._longest:  # so long without one: this is another outage
            self._began = now
        self._last = now
        return now - self._began < self._longest

    def is_over(self) -> None:
        """Note that the database answers again."""
        self._last = float("-inf")

"""Transactions: the only ways to write and to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from petition.store.db.engine import reading_engine
from petition.store.db.types import db
from petition.store.db.writer_queue import writer_queue

P = ParamSpec("P")
T = TypeVar("T")
_READ: Final = "petition_read"

SessionFactory = Callable[[], AbstractContextManager[Session]]
"""What opens a transaction, or a reading one: handed to whoever opens their own, such as a job."""


@contextmanager
def transaction(engine: Engine | None = None) -> Iterator[Session]:
    """Write: leaving the block commits, an exception rolls back."""
    engine = engine or db.engine
    with writer_queue(engine), Session(engine) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine | None = None) -> Iterator[Session]:
    """Read one snapshot of the database, for as long as the block lasts."""
    with Session(reading_engine(engine or db.engine), info={_READ: {}}) as session:
        yield session


def read_once(
    read: Callable[Concatenate[Session, P], T],
) -> Callable[Concatenate[Session, P], T]:
    """What it returns is kept in a session that only reads: its snapshot says the same again.

    So nobody may change what it returns. Where one writes, it is read each time.
    """

    @wraps(read)
    def once(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        kept: dict[object, Any] | None = session.info.get(_READ)
        if kept is None:
            return read(session, *args, **kwargs)
        key = (read, args, *kwargs.items())
        if key not in kept:
            kept[key] = read(session, *args, **kwargs)
        found: T = kept[key]
        return found

    return once


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

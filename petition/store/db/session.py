"""Transactions: the only ways to write and to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from petition.store.db.engine import reading_engine
from petition.store.db.types import db
from petition.store.db.writer_queue import writer_queue

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
    with Session(reading_engine(engine or db.engine)) as session:
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

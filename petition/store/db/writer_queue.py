"""The queue of those who write to SQLite, which has one writer."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine


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
"""By the file's real path: whoever names it otherwise waits in the same queue."""
_by_name: dict[str, WriterQueue] = {}


def writer_queue(engine: Engine) -> Any:
    """A context manager to write under; on PostgreSQL writers do not queue."""
    if engine.dialect.name != "sqlite":
        return _no_queue()
    name = str(engine.url.database)
    queue = _by_name.get(name)
    if queue is None:
        real = os.path.realpath(name)
        queue = _by_name[name] = _queues.setdefault(real, WriterQueue(real))
    return queue()

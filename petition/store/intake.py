"""Intake: signatures that wait together are committed together (group commit, per process).

One thread writes. While it commits, new arrivals gather; it takes all that wait as its next
batch. Nobody is answered before the commit that holds their row. If a commit fails, all who
wait for it learn so; if a single row is bad, the others are written one by one without it.
"""

from __future__ import annotations

import logging
import os
import queue
import threading

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from petition.beat import on_the_beat
from petition.errors import StoreUnavailable
from petition.store import arrivals
from petition.store.arrivals import Arrival
from petition.store.db import transaction

BATCH = 500
PATIENCE = 20.0
"""Seconds that a request waits for its commit before it is told to try again."""

log = logging.getLogger(__name__)


class _Place:
    """One arrival's place in the queue, and what became of it."""

    __slots__ = ("arrival", "done", "error")

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.error: StoreUnavailable | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def finish(self, error: StoreUnavailable | None = None) -> None:
        self.error = error
        self.done.release()


class Intake:
    """The queue in front of one process's writing thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[_Place] = queue.SimpleQueue()
        self._start = threading.Lock()
        self._pid = 0

    def put(self, arrival: Arrival) -> None:
        """Return once the arrival is committed; raise StoreUnavailable if it was not.

        After PATIENCE seconds the outcome is unknown and counts as not kept; a later try
        is then a repeat like any other.
        """
        if self._pid != os.getpid():
            self._begin()
        place = _Place(arrival)
        with on_the_beat():  # an address that has signed takes fewer rows
            self._waiting.put(place)
            if not place.done.acquire(timeout=PATIENCE):
                raise StoreUnavailable
        if place.error is not None:
            raise place.error

    def _begin(self) -> None:
        """Start the writing thread, in this process: a fork does not inherit threads."""
        with self._start:
            if self._pid != os.getpid():
                self._waiting = queue.SimpleQueue()
                threading.Thread(target=self._run, name="intake", daemon=True).start()
                self._pid = os.getpid()

    def _run(self) -> None:
        while True:
            self._write(self._next_batch())

    def _next_batch(self) -> list[_Place]:
        batch = [self._waiting.get()]
        while len(batch) < BATCH:
            try:
                batch.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write(self, batch: list[_Place]) -> None:
        try:
            self._commit([place.arrival for place in batch])
        except (IntegrityError, DataError):
            for place in batch:
                self._write_alone(place)
        except Exception as error:  # whatever it was, those who wait must learn it
            _report(error)
            for place in batch:
                place.finish(StoreUnavailable())
        else:
            for place in batch:
                place.finish()

    def _write_alone(self, place: _Place) -> None:
        try:
            self._commit([place.arrival])
        except Exception as error:
            _report(error)
            place.finish(StoreUnavailable())
        else:
            place.finish()

    def _commit(self, batch: list[Arrival]) -> None:
        with transaction(self._engine) as session:
            arrivals.add(session, batch)


def _report(error: Exception) -> None:
    """Log the kind of failure; the text of a database error may hold a row's values."""
    cause = error.orig if isinstance(error, SQLAlchemyError) and hasattr(error, "orig") else error
    log.error("intake: a commit failed: %s", type(cause).__name__)

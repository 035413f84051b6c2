"""Group commit: signatures that wait together are committed together, in each process.

One thread writes. While it commits, new entries gather; it takes all that wait as its next
batch. Nobody is answered before the commit that holds their row. If a commit fails, all who
wait for it learn so; if a single row is bad, the others are written one by one without it. A row
may look bad only because its signature was erased in that moment: then it is written again.

When the database restarts or a connection is lost, the batch is tried again while those who sent
it wait. It may have been kept all the same, in a commit whose answer was lost: each next try looks
first which of its entries are there, and neither writes nor charges those again. An entry's number
is drawn once, for one form: whoever else finds it taken finds this form.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from petition.errors import PetitionError, StoreUnavailable, TooManyForms
from petition.store.abuse import senders
from petition.store.abuse.senders import Charge
from petition.store.db import reading, transaction
from petition.store.db.transient_failures import Outage, is_passing, is_row_gone, pauses
from petition.store.signatures import bulk_insert
from petition.store.signatures.bulk_insert import NewEntry
from petition.timing import rest

BATCH = 500
PATIENCE = 20.0
"""Seconds that a request waits for its commit before it is told to try again."""
RETRYING = 10.0
"""Seconds from the first failure of an outage in which commits are tried again. All threads may be
waiting then, so pages wait as well; a database that is away for longer is told at once."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.4
LOOK_SECONDS = 0.25
"""How often is looked for those whose patience ended."""
ROW_GONE_TRIES = 5
"""More than that often in a row nobody is erased, or keyed anew, beside one form of theirs."""

log = logging.getLogger(__name__)


Then = Callable[[PetitionError | None, float], None]
"""Told once what became of an entry, and at which time of `time.monotonic` to tell its sender."""


class _Place:
    """One entry's place in the queue, and what became of it."""

    __slots__ = ("began", "charge", "is_told", "is_unsure", "new_entry", "then")

    def __init__(self, new_entry: NewEntry, charge: Charge | None, then: Then) -> None:
        self.new_entry = new_entry
        self.charge = charge
        self.then = then
        self.began = time.monotonic()
        self.is_unsure = False
        """A commit that held it failed in a way that leaves open whether it was kept."""
        self.is_told = threading.Lock()

    @property
    def deadline(self) -> float:
        return self.began + PATIENCE

    def finish(self, error: PetitionError | None = None) -> None:
        """Tell it; who comes second finds it told: the commit, or the end of patience."""
        if self.is_told.acquire(blocking=False):
            now = time.monotonic()
            self.then(error, now + rest(now - self.began))


class _Waiting:
    """A thread that waits for its entry."""

    __slots__ = ("error", "until", "woken")

    def __init__(self) -> None:
        self.error: PetitionError | None = None
        self.until = 0.0
        self.woken = threading.Lock()
        self.woken.acquire()

    def wake(self, error: PetitionError | None, until: float) -> None:
        self.error, self.until = error, until
        self.woken.release()

    def wait(self) -> None:
        self.woken.acquire()
        time.sleep(max(0.0, self.until - time.monotonic()))
        if self.error is not None:
            raise self.error


class GroupCommit:
    """The queue in front of one process's writing thread."""

    def __init__(
        self, engine: Engine, before_first: Callable[[Session], None] = lambda session: None
    ) -> None:
        """`before_first` joins the transaction of the first batch, and may refuse it."""
        self._engine = engine
        self._before_first = before_first
        self._has_written = False
        self._failed_at: float | None = None
        self._waiting: queue.SimpleQueue[_Place] = queue.SimpleQueue()
        self._impatient: queue.SimpleQueue[_Place] = queue.SimpleQueue()
        """All that wait, and some that were told: in the order in which their patience ends."""
        self._start = threading.Lock()
        self._pid = 0
        self._outage = Outage(RETRYING)

    def submit(self, new_entry: NewEntry, charge: Charge | None = None) -> None:
        """Return once the entry is committed; raise StoreUnavailable if it was not.

        Its sender is charged in the same commit: raises TooManyForms when that is over the limit.
        After PATIENCE seconds the outcome is unknown and counts as not kept; a later try
        is then a repeat like any other.
        """
        waiting = _Waiting()
        self.submit_later(new_entry, charge, waiting.wake)
        waiting.wait()

    def submit_later(self, new_entry: NewEntry, charge: Charge | None, then: Then) -> None:
        """Return at once, and call `then`, in a thread of ours, when `submit` would end.

        The time that it is told is a whole number of steps from now: an address that has signed
        takes fewer rows.
        """
        if self._pid != os.getpid():
            self._begin()
        place = _Place(new_entry, charge, then)
        self._impatient.put(place)
        self._waiting.put(place)

    def failed_lately(self, seconds: float) -> bool:
        """True when the last commit failed, no longer ago than that."""
        at = self._failed_at
        return at is not None and time.monotonic() - at < seconds

    def _begin(self) -> None:
        """Start the writing thread, in this process: a fork does not inherit threads."""
        with self._start:
            if self._pid != os.getpid():
                self._waiting, self._impatient = queue.SimpleQueue(), queue.SimpleQueue()
                for run, name in ((self._run, "group-commit"), (self._give_up_late, "patience")):
                    threading.Thread(target=run, name=name, daemon=True).start()
                self._pid = os.getpid()

    def _run(self) -> None:
        while True:
            self._write(self._next_batch())

    def _give_up_late(self) -> None:
        """Tell those whose patience ends before they are told otherwise."""
        while True:
            place = self._impatient.get()
            while not place.is_told.locked() and time.monotonic() < place.deadline:
                time.sleep(LOOK_SECONDS)
            place.finish(StoreUnavailable())

    def _next_batch(self) -> list[_Place]:
        batch = [self._waiting.get()]
        while len(batch) < BATCH:
            try:
                batch.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write(self, batch: list[_Place], tries: int = ROW_GONE_TRIES) -> None:
        try:
            refused = self._keep(batch)
        except (IntegrityError, DataError) as error:
            if len(batch) > 1:
                for place in batch:
                    self._write([place])
            elif tries and is_row_gone(error):
                # Between two statements its signature was erased, or got another key: a repeat
                # like any other, which finds the other row or makes one.
                self._write(batch, tries - 1)
            elif not self._was_kept(batch[0]):
                _report(error)
                batch[0].finish(StoreUnavailable())
        except Exception as error:  # whatever it was, those who wait must learn it
            self._failed_at = time.monotonic()
            _report(error)
            for place in batch:
                place.finish(StoreUnavailable())
        else:
            for place in batch:
                place.finish(refused.get(place.new_entry.entry_id))

    def _keep(self, batch: list[_Place]) -> dict[int, TooManyForms]:
        """Commit, again after a failure that passes, while somebody waits for it."""
        next_pause = pauses(FIRST_PAUSE, LONGEST_PAUSE)
        while True:
            try:
                refused = self._commit(batch)
            except SQLAlchemyError as error:
                if not is_passing(error) or not self._outage.goes_on():
                    raise
                pause = next(next_pause)
                if time.monotonic() + pause > max(place.deadline for place in batch):
                    raise
                _report(error)
                for place in batch:
                    place.is_unsure = True
                time.sleep(pause)
            else:
                self._outage.is_over()
                return refused

    def _commit(self, batch: list[_Place]) -> dict[int, TooManyForms]:
        """Keep those whose senders are within their limits; by entry, why others are not kept."""
        with transaction(self._engine) as session:
            there = _there(session, batch)
            new = [place for place in batch if place.new_entry.entry_id not in there]
            refused, due_at = _charge(session, new)
            kept = [place.new_entry for place in new if place.new_entry.entry_id not in refused]
            if kept:
                if not self._has_written:
                    self._before_first(session)
                bulk_insert.add(session, kept, due_at)
        self._has_written = self._has_written or bool(kept)
        self._failed_at = None
        return refused

    def _was_kept(self, place: _Place) -> bool:
        """Its number was taken: by itself, in the commit whose answer was lost."""
        if not place.is_unsure:
            return False
        try:
            with reading(self._engine) as session:
                was_kept = bool(_there(session, [place]))
        except SQLAlchemyError as error:
            _report(error)
            return False
        if was_kept:
            place.finish()
        return was_kept


def _there(session: Session, batch: list[_Place]) -> frozenset[int]:
    """The numbers of those that an earlier try kept, though nobody heard of it."""
    unsure = [place.new_entry.entry_id for place in batch if place.is_unsure]
    return bulk_insert.kept(session, unsure) if unsure else frozenset()


def _charge(
    session: Session, batch: list[_Place]
) -> tuple[dict[int, TooManyForms], dict[int, datetime]]:
    """Charge all senders at once: by entry, why it is refused, and when its letter is due.

    The sender stays here: what is kept of it with a form is the time its letter is due.
    """
    charged = [(place.new_entry.entry_id, place.charge) for place in batch if place.charge]
    verdicts = dict(
        zip(
            (entry_id for entry_id, _ in charged),
            senders.charge(session, [charge for _, charge in charged]),
            strict=True,
        )
    )
    refused = {
        entry_id: TooManyForms(verdict.until)
        for entry_id, verdict in verdicts.items()
        if not verdict.taken
    }
    due_at = {entry_id: verdict.until for entry_id, verdict in verdicts.items()}
    return refused, due_at


def _report(error: Exception) -> None:
    """Log the kind of failure; the text of a database error may hold a row's values."""
    cause = error.orig if isinstance(error, SQLAlchemyError) and hasattr(error, "orig") else error
    log.error("group commit: a commit failed: %s", type(cause).__name__)

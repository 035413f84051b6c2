"""Chores: what the worker does beside sending letters: answer requests, fold counts, forget.

Each is taken by one worker at a time, by the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from petition.config import Settings
from petition.services import asking, privacy, publishing, retaining
from petition.services.retaining import Step
from petition.store import counts, jobs, mailfiles
from petition.store.journal import Journal, JournalBroken

FOLD_EVERY: Final = 30.0
FORGET_AGAIN: Final = timedelta(seconds=5)
"""After a try that somebody's reading stood in the way of."""
A_DAY: Final = timedelta(days=1)
NEVER: Final = timedelta(days=36500)

log = logging.getLogger(__name__)


class Chores:
    """One worker's chores."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        *,
        reading: Callable[[], AbstractContextManager[Session]],
        transaction: Callable[[], AbstractContextManager[Session]],
        forget_freed: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._reading = reading
        self._transaction = transaction
        self._forget_freed = forget_freed
        self._now = now
        self._next_fold = 0.0
        self._began = False
        self._all_seen_at: datetime | None = None

    def begin(self) -> None:
        """Before anything else: an old copy of the database may have been put back.

        Who was erased must get no letter from it, and is in no count.
        """
        if not self._began:
            self._forget_again()
            self._began = True

    def turn(self) -> None:
        """What is due now; nothing of it takes long."""
        self.begin()
        self.answer()
        self.fold_when_due()

    def fold_when_due(self) -> None:
        """Every half minute: the counts, and what comes round more rarely."""
        if time.monotonic() >= self._next_fold:
            self.all()
            self._next_fold = time.monotonic() + FOLD_EVERY

    def all(self) -> None:
        """Everything that is due, however rarely it comes round."""
        self.begin()
        self.answer()
        self.retain()
        self.fold()
        self.forget()

    def answer(self) -> None:
        """Owe letters to who asked for one with their address."""
        with self._transaction() as session:
            asking.answer(session, at=self._now())

    def fold(self) -> None:
        """Bring the public counts up to date; figures by country follow them once a day."""
        at = self._now()
        with self._transaction() as session:
            counts.fold(session, at=at)
            publishing.snapshot_all(session, at=at)

    def retain(self) -> None:
        """Once an hour: forget what is due, remind, and write down how much is held.

        The first run of a process and then one a day look at everything, however old: none may
        have run for long, and who signs again leaves an old form behind.
        """
        at = self._now()
        with self._transaction() as session:
            since = retaining.claim(session, at=at)
        if since is None:
            return
        self._forget_again()
        if self._all_seen_at is None or at >= self._all_seen_at + A_DAY:
            self._clear_up(self._due(at, since=None))
            self._all_seen_at = at
        else:
            self._clear_up(self._due(at, since=since))
        self._remind(at)
        retaining.note(self._reading, self._transaction, at=at)

    def _due(self, at: datetime, since: datetime | None) -> Iterator[Step]:
        return retaining.forget_due(self._reading, self._transaction, at=at, since=since)

    def _forget_again(self) -> None:
        """A journal that cannot be read is somebody's to look at; all else goes on meanwhile."""
        try:
            self._clear_up(retaining.forget_again(self._transaction, self._journal, at=self._now()))
        except JournalBroken as error:
            log.error("retention: %s", error)

    def _clear_up(self, steps: Iterator[Step]) -> None:
        for step in steps:
            mailfiles.remove(self._settings, step.letter_ids)
            if step.number:
                log.info("retention: %d %s", step.number, step.what)

    def _remind(self, at: datetime) -> None:
        number = retaining.BATCH
        while number == retaining.BATCH:
            with self._transaction() as session:
                number = retaining.remind(session, at=at)

    def forget(self) -> None:
        """After an erasure: clear the space that the rows stood in."""
        at = self._now()
        with self._transaction() as session:
            due = jobs.claim(session, privacy.FORGET, at=at, every=NEVER) is not None
        if due and not self._forget_freed():
            with self._transaction() as session:
                jobs.ask(session, privacy.FORGET, at=at + FORGET_AGAIN)

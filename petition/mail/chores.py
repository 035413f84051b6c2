"""Chores: what the worker does beside sending letters: answer requests, fold counts, forget.

Each is taken by one worker at a time, by the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from petition.config import Settings
from petition.services import asking, privacy, retaining
from petition.store import counts, jobs, mailfiles
from petition.store.journal import Journal

FOLD_EVERY: Final = 30.0
FORGET_AGAIN: Final = timedelta(seconds=5)
"""After a try that somebody's reading stood in the way of."""
NEVER: Final = timedelta(days=36500)

log = logging.getLogger(__name__)


class Chores:
    """One worker's chores."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        *,
        transaction: Callable[[], AbstractContextManager[Session]],
        forget_freed: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._transaction = transaction
        self._forget_freed = forget_freed
        self._now = now
        self._next_fold = 0.0
        self._began = False

    def turn(self) -> None:
        """What is due now; nothing of it takes long."""
        self.answer()
        self.fold_when_due()

    def fold_when_due(self) -> None:
        """Every half minute: the counts, and what comes round more rarely."""
        if time.monotonic() >= self._next_fold:
            self.all()
            self._next_fold = time.monotonic() + FOLD_EVERY

    def all(self) -> None:
        """Everything that is due, however rarely it comes round."""
        self.answer()
        self.retain()
        self.fold()
        self.forget()

    def answer(self) -> None:
        """Owe letters to who asked for one with their address."""
        with self._transaction() as session:
            asking.answer(session, at=self._now())

    def fold(self) -> None:
        """Bring the public counts up to date."""
        with self._transaction() as session:
            counts.fold(session, at=self._now())

    def retain(self) -> None:
        """Once an hour: forget what is due, remind, and write down how much is held.

        The first run of a process looks at everything: an old copy of the database may have been
        put back while none was running.
        """
        at = self._now()
        with self._transaction() as session:
            since = retaining.claim(session, at=at)
        if since is None:
            return
        for step in retaining.run(
            self._transaction, self._journal, at=at, since=since if self._began else None
        ):
            mailfiles.remove(self._settings, step.letter_ids)
            if step.number:
                log.info("retention: %d %s", step.number, step.what)
                self._ask_to_forget(at)
        self._began = True
        with self._transaction() as session:
            while retaining.remind(session, at=at) == retaining.BATCH:
                pass
            retaining.note(session, at=at)

    def _ask_to_forget(self, at: datetime) -> None:
        with self._transaction() as session:
            jobs.ask(session, privacy.FORGET, at=at)

    def forget(self) -> None:
        """After an erasure: clear the space that the rows stood in."""
        at = self._now()
        with self._transaction() as session:
            due = jobs.claim(session, privacy.FORGET, at=at, every=NEVER) is not None
        if due and not self._forget_freed():
            with self._transaction() as session:
                jobs.ask(session, privacy.FORGET, at=at + FORGET_AGAIN)

"""Maintenance: what the worker does beside sending: answer requests, fold counts, vacuum.

Each is taken by one worker at a time, by the database.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from petition.services.api import once
from petition.services.counts import (
    console_figures,
    country_figures,
    message_figures,
    partner_figures,
    target_figures,
)
from petition.services.exports import kept_file
from petition.services.letters import link_requests
from petition.services.messages import answers, follow_up, leaving
from petition.services.partners import refused_forms
from petition.services.privacy import asked_erasures, erasure, retention
from petition.services.privacy.erasure import ErasureContext
from petition.services.privacy.retention import Step
from petition.services.signatures import bulk_actions, review_undo
from petition.services.staff import audit_log, refusals, signing_in
from petition.services.webhooks import sending
from petition.store import jobs
from petition.store.counts import totals
from petition.store.db import SessionFactory
from petition.store.letters import provider_pauses
from petition.store.messages import counts as message_counts
from petition.store.privacy.erasure_journal import JournalBroken

FOLD_EVERY: Final = 30.0
COUNT_SHARE: Final = 100
"""Counting for the console takes at most one part in so many of a worker's time."""
FORGET_AGAIN: Final = timedelta(seconds=5)
"""After a try that somebody's reading stood in the way of."""
A_DAY: Final = timedelta(days=1)
NEVER: Final = timedelta(days=36500)

log = logging.getLogger(__name__)


class Maintenance:
    """One worker's maintenance."""

    def __init__(
        self,
        context: ErasureContext,
        *,
        reading: SessionFactory,
        transaction: SessionFactory,
        vacuum: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._context = context
        self._reading = reading
        self._transaction = transaction
        self._vacuum = vacuum
        self._now = now
        self._next_fold = 0.0
        self._next_count = 0.0
        self._began = False
        self._all_seen_at: datetime | None = None

    def begin(self) -> None:
        """Before anything else: an old copy of the database may have been put back.

        Who was erased must get no letter from it, and is in no count.
        """
        if not self._began:
            self._forget_again()
            self._began = True

    def run_due(self) -> None:
        """What is due now; nothing of it takes long."""
        self.begin()
        self.answer()
        self.fold_when_due()

    def fold_when_due(self) -> None:
        """Every half minute: the counts, and what comes round more rarely."""
        if time.monotonic() >= self._next_fold:
            self.all()

    def all(self) -> None:
        """Everything that is due, however rarely it comes round."""
        self.chores()
        self.fold()
        self.count_for_console()

    def chores(self) -> None:
        """Everything that is due but the counts."""
        self.begin()
        self.answer()
        self.delete_files()
        self.delete_claims()
        self.delete_request_keys()
        self.erase_withdrawn()
        self.erase_asked()
        self.retain()
        self.tell_writers()
        self.vacuum()
        self.check_audit()
        self._next_fold = time.monotonic() + FOLD_EVERY

    def answer(self) -> None:
        """Owe letters to who asked for one with their address."""
        with self._transaction() as session:
            link_requests.answer(session, at=self._now())

    def delete_files(self) -> None:
        """Lists that waited long enough to be fetched."""
        with self._transaction() as session:
            kept_file.delete_past(session, at=self._now())

    def delete_claims(self) -> None:
        """Names whose reader is gone, and decisions that can be undone no more."""
        with self._transaction() as session:
            review_undo.delete_past(session, at=self._now())

    def delete_request_keys(self) -> None:
        """What programs called their requests of more than a day ago."""
        with self._transaction() as session:
            once.delete_past(session, at=self._now())

    def fold(self) -> None:
        """Bring the public counts up to date; figures by country and partner follow once a day."""
        at = self._now()
        with self._transaction() as session:
            totals.fold(session, at=at)
            message_counts.fold(session)
            provider_pauses.delete_past(session, at=at)
            message_figures.snapshot_all(session, at=at)
            country_figures.snapshot_all(session, at=at)
            partner_figures.snapshot_all(session, at=at)

    def count_for_console(self) -> None:
        """What the console shows and no page can count while somebody waits for it."""
        began = time.monotonic()
        if began >= self._next_count:
            console_figures.count_all(self._reading, self._transaction, at=self._now())
            ended = time.monotonic()
            self._next_count = ended + COUNT_SHARE * (ended - began)

    def erase_withdrawn(self) -> None:
        """What was withdrawn an hour ago: nobody waits for the hourly run."""
        self._run_steps(retention.erase_withdrawn(self._transaction, self._context, at=self._now()))

    def erase_asked(self) -> None:
        """What staff marked an hour ago."""
        for number in asked_erasures.erase_due(self._transaction, self._context, at=self._now()):
            log.info("erasure: %d that were asked for", number)

    def retain(self) -> None:
        """Once an hour: forget what is due, remind, and write down how much is held.

        The first run of a process and then one a day look at everything, however old: none may
        have run for long, and who signs again leaves an old form behind.
        """
        at = self._now()
        with self._transaction() as session:
            since = retention.claim(session, at=at)
        if since is None:
            return
        self._forget_again()
        if self._all_seen_at is None or at >= self._all_seen_at + A_DAY:
            self._run_steps(self._due(at, since=None))
            self._all_seen_at = at
        else:
            self._run_steps(self._due(at, since=since))
        with self._transaction() as session:
            signing_in.delete_old(session, at=at)
            refusals.delete_old(session, at=at)
            refused_forms.delete_old(session, at=at)
            bulk_actions.delete_old(session, at=at)
            sending.delete_old(session, at=at)
            target_figures.snapshot_all(session, at=at)
        self._remind(at)
        self._ask_for_answers(at)
        retention.note(self._reading, self._transaction, at=at)

    def _due(self, at: datetime, since: datetime | None) -> Iterator[Step]:
        return retention.delete_due(
            self._reading, self._transaction, self._context, at=at, since=since
        )

    def _forget_again(self) -> None:
        """A journal that cannot be read is somebody's to look at; all else goes on meanwhile."""
        try:
            self._run_steps(retention.erase_again(self._transaction, self._context, at=self._now()))
        except JournalBroken as error:
            log.error("retention: %s", error)

    def _run_steps(self, steps: Iterator[Step]) -> None:
        """Run them to the end: each is committed by itself."""
        for step in steps:
            if step.number:
                log.info(
                    "retention: %d %s",
                    step.number,
                    " of ".join(filter(None, (step.kind, step.slug))),
                )

    def _remind(self, at: datetime) -> None:
        number = retention.BATCH
        while number == retention.BATCH:
            with self._transaction() as session:
                number = retention.remind(session, at=at)

    def _ask_for_answers(self, at: datetime) -> None:
        number = follow_up.BATCH
        while number:
            with self._transaction() as session:
                number = follow_up.ask_due(session, at=at)

    def tell_writers(self) -> None:
        """What is queued for who is written to no more, and answers: a batch at a time."""
        with self._transaction() as session:
            leaving.settle(session, at=self._now())
        with self._transaction() as session:
            answers.send_due(session, at=self._now())

    def check_audit(self) -> None:
        """Once a day: what is wrong with the audit log goes to the console and into the log."""
        audit_log.check_when_due(self._reading, self._transaction, at=self._now())

    def vacuum(self) -> None:
        """After an erasure: clear the space that the rows stood in."""
        at = self._now()
        with self._transaction() as session:
            due = jobs.claim(session, erasure.FORGET, at=at, every=NEVER) is not None
        if due and not self._vacuum():
            with self._transaction() as session:
                jobs.ask(session, erasure.FORGET, at=at + FORGET_AGAIN)

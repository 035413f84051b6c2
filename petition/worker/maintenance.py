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
from petition.services.privacy import asked_erasures, erasure, retention, withdrawals
from petition.services.privacy.erasure import ErasureContext
from petition.services.privacy.retention import Step
from petition.services.signatures import bulk_actions, review_undo
from petition.services.staff import audit_log, refusals, signing_in
from petition.services.webhooks import sending
from petition.store import jobs
from petition.store.counts import totals
from petition.store.db import Question, SessionFactory
from petition.store.letters import provider_pauses
from petition.store.messages import counts as message_counts
from petition.store.privacy.erasure_journal import JournalBroken
from petition.worker.chores import Chore, Chores

FOLD_EVERY: Final = 30.0
COUNT_SHARE: Final = 100
"""Counting for the console takes at most one part in so many of a worker's time."""
FORGET_AGAIN: Final = timedelta(seconds=5)
"""After a try that somebody's reading stood in the way of."""
A_DAY: Final = timedelta(days=1)
NEVER: Final = timedelta(days=36500)
BESIDE_COUNTS: Final = (
    message_counts.is_any_waiting,
    provider_pauses.is_any_past,
    message_figures.is_due,
    country_figures.is_due,
    partner_figures.is_due,
)
"""What may be due in the transaction that brings the public counts up to date."""
_BESIDE_COUNTS: Final = Question(BESIDE_COUNTS)

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
        self.answering = Chore(link_requests.is_due, self.answer)
        """What people wait for: it comes round with their letters."""
        self._chores = Chores(
            # All of them, in their order; tests/worker/test_chores.py brings each about.
            self.answering,
            Chore(kept_file.is_due, self.delete_files),
            Chore(review_undo.is_due, self.delete_claims),
            Chore(once.is_due, self.delete_request_keys),
            Chore(withdrawals.is_due, self.erase_withdrawn),
            Chore(asked_erasures.is_due, self.erase_asked),
            Chore(retention.is_due, self.retain),
            Chore(leaving.is_due, self.settle_left),
            Chore(answers.is_due, self.tell_of_answers),
            Chore(erasure.is_space_to_clear, self.vacuum),
            Chore(audit_log.is_due, self.check_audit),
            reading=reading,
            now=now,
        )
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

    def fold_when_due(self) -> None:
        """First of all and every half minute: the counts, and what comes round more rarely."""
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
        self._chores.do_due()
        self._next_fold = time.monotonic() + FOLD_EVERY

    def answer(self) -> int:
        """Owe letters to who asked for one with their address."""
        with self._transaction() as session:
            return link_requests.answer(session, at=self._now())

    def delete_files(self) -> bool:
        """Lists that waited long enough to be fetched."""
        with self._transaction() as session:
            kept_file.delete_past(session, at=self._now())
        return True

    def delete_claims(self) -> bool:
        """Names whose reader is gone, and decisions that can be undone no more."""
        with self._transaction() as session:
            review_undo.delete_past(session, at=self._now())
        return True

    def delete_request_keys(self) -> bool:
        """What programs called their requests of more than a day ago."""
        with self._transaction() as session:
            once.delete_past(session, at=self._now())
        return True

    def fold(self) -> None:
        """Bring the public counts up to date; figures by country and partner follow once a day."""
        at = self._now()
        with self._transaction() as session:
            totals.fold(session, at=at)
            steps, past, sent, countries, partners = _BESIDE_COUNTS.ask(session, at=at)
            if steps:
                message_counts.fold(session)
            if past:
                provider_pauses.delete_past(session, at=at)
            if steps or sent:
                message_figures.snapshot_all(session, at=at)
            if countries:
                country_figures.snapshot_all(session, at=at)
            if partners:
                partner_figures.snapshot_all(session, at=at)

    def count_for_console(self) -> None:
        """What the console shows and no page can count while somebody waits for it."""
        began = time.monotonic()
        if began >= self._next_count:
            console_figures.count_all(self._reading, self._transaction, at=self._now())
            ended = time.monotonic()
            self._next_count = ended + COUNT_SHARE * (ended - began)

    def erase_withdrawn(self) -> bool:
        """What was withdrawn an hour ago: nobody waits for the hourly run."""
        self._run_steps(retention.erase_withdrawn(self._transaction, self._context, at=self._now()))
        return True

    def erase_asked(self) -> bool:
        """What staff marked an hour ago."""
        for number in asked_erasures.erase_due(self._transaction, self._context, at=self._now()):
            log.info("erasure: %d that were asked for", number)
        return True

    def retain(self) -> bool:
        """Once an hour: forget what is due, remind, and write down how much is held.

        The first run of a process and then one a day look at everything, however old: none may
        have run for long, and who signs again leaves an old form behind.
        """
        at = self._now()
        with self._transaction() as session:
            since = retention.claim(session, at=at)
        if since is None:
            return False
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
        return True

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

    def settle_left(self) -> int:
        """What is queued for who is written to no more: a batch at a time."""
        with self._transaction() as session:
            return leaving.settle(session, at=self._now())

    def tell_of_answers(self) -> bool:
        """Who asked to be told of them: a batch at a time."""
        with self._transaction() as session:
            answers.send_due(session, at=self._now())
        return True

    def check_audit(self) -> bool:
        """Once a day: what is wrong with the audit log goes to the console and into the log."""
        found = audit_log.check_when_due(self._reading, self._transaction, at=self._now())
        return found is not None

    def vacuum(self) -> bool:
        """After an erasure: clear the space that the rows stood in."""
        at = self._now()
        with self._transaction() as session:
            due = jobs.claim(session, erasure.FORGET, at=at, every=NEVER) is not None
        if due and not self._vacuum():
            with self._transaction() as session:
                jobs.ask(session, erasure.FORGET, at=at + FORGET_AGAIN)
        return due

"""A worker's share of the letter budget: what it may send to mailboxes that never confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from petition.store.db import Session, SessionFactory
from petition.store.letters import budget, outbox
from petition.store.letters.budget import STEP_BACK, Grant
from petition.store.letters.entry_letters import EntryLetter

LOOK_AGAIN: Final = timedelta(seconds=5)
"""How often, with the budget spent, a worker looks for letters to confirmed mailboxes."""


class LetterBudget:
    """What was reserved for the letters of one batch, in one minute."""

    def __init__(
        self,
        per_minute: int,
        *,
        worker: str,
        reading: SessionFactory,
        transaction: SessionFactory,
    ) -> None:
        self._per_minute = per_minute
        self._worker = worker
        self._reading = reading
        self._transaction = transaction
        self._grant: Grant | None = None
        self._taken: int | None = None
        self._expected = 1
        self._spent: datetime | None = None
        self._looked: datetime | None = None

    def only(self, at: datetime, *, most: int) -> Sequence[int] | None:
        """With the budget spent: the letters that may go all the same. None: any may go."""
        if self._spent != budget.minute_of(at):
            return None
        if self._looked is not None and at < self._looked + LOOK_AGAIN:
            return []
        with self._reading() as session:
            found = budget.to_confirmed(session, at=at, most=most)
        if not found:
            self._looked = at
        return found

    def expect(self, letters: int) -> None:
        """So many letters of the batch are still to come: what one reservation is for."""
        self._expected = letters

    def take(self, session: Session, letter: EntryLetter, *, at: datetime) -> bool:
        """May this letter go now? When not, it is given back or steps back, in this transaction."""
        self._taken = None
        standing = budget.standing(session, letter.mailbox_key)
        if standing.confirmed:
            return True
        grant = self._reserved(session, at)
        if grant.number == 0:
            self._spent, self._looked = grant.minute, None
            outbox.release(session, [letter.id], worker=self._worker)
            return False
        again = letter.entered_at + STEP_BACK
        if grant.short and standing.letters and not letter.admitted and at < again:
            outbox.put_off(session, letter.id, until=again)
            return False
        self._grant = replace(grant, number=grant.number - 1)
        self._taken = letter.id
        return True

    def _reserved(self, session: Session, at: datetime) -> Grant:
        grant, minute = self._grant, budget.minute_of(at)
        if minute == self._spent:
            return Grant(minute=minute, number=0, short=True)
        if grant is None or grant.number == 0 or grant.minute != minute:
            # What is left of a minute that is over is nobody's: it must not be spent in this one.
            grant = budget.reserve(session, self._expected, per_minute=self._per_minute, at=at)
            self._grant = grant
        return grant

    def untake(self, letter: EntryLetter) -> None:
        """The letter was withheld: it costs nothing."""
        if self._taken == letter.id and self._grant is not None:
            self._grant = replace(self._grant, number=self._grant.number + 1)
        self._taken = None

    def give_back(self) -> None:
        """At the end of a batch: what was reserved for letters that did not need it."""
        grant, self._grant = self._grant, None
        if grant is not None and grant.number:
            with self._transaction() as session:
                budget.give_back(session, grant)

    def drop(self) -> None:
        """The database failed: what was reserved may not have been written down."""
        self._grant = None

"""The letter budget: how many letters a minute go to mailboxes that never confirmed.

One row a minute holds how many were begun. A worker reserves for the letters of its batch by one
UPDATE and gives back what it did not use, so that no two workers spend the same one, and what is
withheld costs nothing.

How the queue behaves. Letters leave in the order of their due time. While less than half of a
minute's budget is spent, that is all. Beyond the half, a letter to a mailbox that had one before
steps back: its due time becomes ten minutes after its form came in, once; whoever never had a
letter goes first. When the budget is spent, letters to mailboxes that never confirmed stay where
they are, untouched and in order, until the next minute begins; letters to confirmed mailboxes go on
and cost nothing. So a newcomer waits for at most those letters to new mailboxes that were due
before theirs, and senders of many forms have their letters due later (limits by sender).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from petition.domain.letters import letter as letters
from petition.domain.letters.recipient import RecipientKind
from petition.store.db.upsert import upsert
from petition.store.letters import outbox, relay
from petition.store.letters.relay import RelayState
from petition.store.tables import Entry, Letter, LetterMinute, Mailbox, Signature

STEP_BACK: Final = timedelta(minutes=10)
"""How long after its form a letter waits whose mailbox had one before, when the budget is short."""
KEPT: Final = timedelta(hours=1)
"""How long the numbers of past minutes stay, for staff."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a worker may send in one minute."""

    minute: datetime
    number: int
    short: bool
    """More than half of the minute's budget is spent."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a mailbox had of us before."""

    letters: int = 0
    confirmed: bool = False


@dataclass(frozen=True, kw_only=True)
class BudgetState:
    """What staff and doctor are told: numbers, and nothing of any letter."""

    per_minute: int
    this_minute: int
    """Letters to mailboxes that never confirmed, begun in this minute."""
    last_hour: int
    waiting: int
    """Letters of all kinds that are due and did not go yet."""
    later: int
    """Letters whose time comes later."""
    stopped: int
    """Letters that we ourselves did not let go (mail/ready_letter.py)."""
    failed: int
    relay: RelayState

    @property
    def spent(self) -> bool:
        """Letters to mailboxes that never confirmed wait for the next minute."""
        return self.this_minute >= self.per_minute


def minute_of(at: datetime) -> datetime:
    """The minute that a time lies in."""
    return at.replace(second=0, microsecond=0)


def reserve(session: Session, wanted: int, *, per_minute: int, at: datetime) -> Grant:
    """Take up to `wanted` letters out of this minute's budget."""
    minute = minute_of(at)
    _make_sure(session, minute)
    used = session.scalar(
        update(LetterMinute)
        .where(LetterMinute.minute == minute, LetterMinute.letters <= per_minute - wanted)
        .values(letters=LetterMinute.letters + wanted)
        .returning(LetterMinute.letters)
        .execution_options(synchronize_session=False)
    )
    if used is not None:
        return Grant(minute=minute, number=wanted, short=used * 2 > per_minute)
    return _reserve_rest(session, minute, wanted, per_minute)


def _reserve_rest(session: Session, minute: datetime, wanted: int, per_minute: int) -> Grant:
    used = session.scalars(
        select(LetterMinute.letters).where(LetterMinute.minute == minute).with_for_update()
    ).one()
    number = min(max(per_minute - used, 0), wanted)
    if number:
        _add(session, minute, number)
    return Grant(minute=minute, number=number, short=True)


def give_back(session: Session, grant: Grant) -> None:
    """What was reserved and not used."""
    _add(session, grant.minute, -grant.number)


def _add(session: Session, minute: datetime, number: int) -> None:
    session.execute(
        update(LetterMinute)
        .where(LetterMinute.minute == minute)
        .values(letters=LetterMinute.letters + number)
        .execution_options(synchronize_session=False)
    )


def _make_sure(session: Session, minute: datetime) -> None:
    if upsert(session, LetterMinute, {"minute": minute, "letters": 0}):
        session.execute(
            delete(LetterMinute)
            .where(LetterMinute.minute < minute - KEPT)
            .execution_options(synchronize_session=False)
        )


def standing(session: Session, mailbox_key: bytes) -> Standing:
    """Whether the mailbox confirmed, and how many letters it had."""
    row = session.execute(
        select(Mailbox.letters, Mailbox.confirmed).where(Mailbox.address_key == mailbox_key)
    ).first()
    return Standing(letters=row.letters, confirmed=row.confirmed) if row else Standing()


def to_confirmed(session: Session, *, at: datetime, most: int) -> Sequence[int]:
    """Letters that are due to mailboxes that confirmed: what goes on when the budget is spent.

    To be asked in a transaction that reads: with a long queue it takes a while.
    """
    return session.scalars(
        select(Letter.id)
        .join(Entry, Entry.id == Letter.entry_id)
        .join(Signature, Signature.id == Entry.signature_id)
        .join(
            Mailbox,
            Mailbox.address_key == func.coalesce(Signature.mailbox_key, Signature.address_key),
        )
        .where(outbox.is_due(at, {RecipientKind.ENTRY}), Mailbox.confirmed)
        .order_by(Letter.due_at)
        .limit(most)
    ).all()


def budget_state(session: Session, *, per_minute: int, at: datetime) -> BudgetState:
    """The budget, the queue and the mail server, for doctor and the console."""
    minutes = session.execute(
        select(LetterMinute.minute, LetterMinute.letters).where(LetterMinute.minute > at - KEPT)
    )
    used = {row.minute: row.letters for row in minutes}
    waiting, later = _owed(session, at)
    failed, stopped = _failed(session)
    return BudgetState(
        per_minute=per_minute,
        this_minute=used.get(minute_of(at), 0),
        last_hour=sum(used.values()),
        waiting=waiting,
        later=later,
        stopped=stopped,
        failed=failed,
        relay=relay.state(session),
    )


def _owed(session: Session, at: datetime) -> tuple[int, int]:
    """Letters that are due, and those whose time comes later."""
    due = Letter.due_at <= at
    found = session.execute(
        select(func.count().filter(due), func.count().filter(~due)).where(
            Letter.state == letters.OWED
        )
    ).one()
    return found[0], found[1]


def _failed(session: Session) -> tuple[int, int]:
    """Letters that failed, and of these what we ourselves did not let go."""
    stopped = Letter.last_error.startswith(letters.STOPPED)
    found = session.execute(
        select(func.count(), func.count().filter(stopped)).where(Letter.state == letters.FAILED)
    ).one()
    return found[0], found[1]

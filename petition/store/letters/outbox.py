"""The outbox: letters that we owe, claimed with a lease, so that none is sent by two workers.

Nothing here asks to whom a letter goes: what concerns a form's mailbox alone is in
entry_letters, mailbox_limits and budget.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, insert, literal_column, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from petition.domain.letters import letter as letters
from petition.domain.letters.recipient import Recipient, RecipientKind
from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.db.leases import is_free
from petition.store.tables import Letter

AS_NEW: Final[Mapping[str, str | bool | int]] = MappingProxyType(
    {"state": letters.OWED, "admitted": False, "attempts": 0}
)
"""How every letter begins, also those that store/signatures/bulk_insert writes."""
_COLUMNS: Final[Mapping[RecipientKind, InstrumentedAttribute[int | None]]] = MappingProxyType(
    {
        RecipientKind.ENTRY: Letter.entry_id,
        RecipientKind.STAFF: Letter.staff_id,
        RecipientKind.PARTNER: Letter.partner_id,
        RecipientKind.MESSAGE: Letter.message_id,
        RecipientKind.REPLY: Letter.reply_id,
    }
)
# Written out, not bound: only so is the partial index ix_letters_owed used.
_OWED: Final = Letter.state == literal_column("'owed'")
MAILED: Final = frozenset(RecipientKind) - {RecipientKind.MESSAGE}
"""Whom our own letters are for: they go as they are due. Messages are paced (worker/messages)."""


@dataclass(frozen=True, kw_only=True)
class NewLetter:
    """A letter that is to be owed."""

    kind: str
    to: Recipient
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ClaimedLetter:
    """A letter that a worker holds for the time of its lease."""

    id: int
    kind: str
    to: Recipient
    due_at: datetime
    attempts: int


def enqueue(session: Session, new_letters: Iterable[NewLetter]) -> None:
    """Owe these letters, from the commit on."""
    rows = [_row(each) for each in new_letters]
    if rows:
        session.execute(insert(Letter), rows)


def enqueue_one(session: Session, new_letter: NewLetter) -> int:
    """Owe this letter, from the commit on; its number, where more hangs on it."""
    return session.scalars(insert(Letter).values(**_row(new_letter)).returning(Letter.id)).one()


def _row(new: NewLetter) -> dict[str, Any]:
    column = _COLUMNS[new.to.kind].key
    return {column: new.to.id, "kind": new.kind, "due_at": new.due_at, **AS_NEW}


def is_due(at: datetime | Moment, to: Collection[RecipientKind] = MAILED) -> ColumnElement[bool]:
    """Letters to such recipients that somebody may claim now."""
    return and_(
        _OWED,
        Letter.due_at <= at,
        is_free(Letter.leased_until, at),
        or_(*(_COLUMNS[kind].is_not(None) for kind in sorted(to))),
    )


def is_any_due(at: Moment, to: Collection[RecipientKind] = MAILED) -> Condition:
    """Whether there is such a letter."""
    return any_row(Letter, is_due(at, to))


def claim(
    session: Session,
    *,
    worker: str,
    at: datetime,
    lease: timedelta,
    most: int,
    to: Collection[RecipientKind] = MAILED,
) -> list[ClaimedLetter]:
    """Take up to `most` letters that are due, for as long as the lease lasts.

    One UPDATE claims: on PostgreSQL it skips rows that another worker is taking just now.
    """
    due = (
        select(Letter.id)
        .where(is_due(at, to))
        .order_by(Letter.due_at, Letter.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return _claimed(session, due.scalar_subquery(), worker=worker, until=at + lease)


def claim_these(
    session: Session, ids: Sequence[int], *, worker: str, at: datetime, lease: timedelta
) -> list[ClaimedLetter]:
    """Take those of the letters that nobody else has taken since they were found."""
    free = (
        select(Letter.id)
        .where(Letter.id.in_(ids), Letter.state == letters.OWED, is_free(Letter.leased_until, at))
        .with_for_update(skip_locked=True)
    )
    return _claimed(session, free.scalar_subquery(), worker=worker, until=at + lease)


def _claimed(session: Session, found: Any, *, worker: str, until: datetime) -> list[ClaimedLetter]:
    rows = session.execute(
        update(Letter)
        .where(Letter.id.in_(found))
        .values(leased_until=until, leased_by=worker)
        .returning(Letter.id, Letter.kind, Letter.due_at, Letter.attempts, *_COLUMNS.values())
        .execution_options(synchronize_session=False)
    )
    claimed = [
        ClaimedLetter(
            id=row.id, kind=row.kind, to=_recipient(row), due_at=row.due_at, attempts=row.attempts
        )
        for row in rows
    ]
    return sorted(claimed, key=lambda letter: (letter.due_at, letter.id))


def _recipient(row: Any) -> Recipient:
    # The table's CHECK lets exactly one of them be set.
    return next(
        Recipient(kind, id_)
        for kind, column in _COLUMNS.items()
        if (id_ := getattr(row, column.key)) is not None
    )


def finish(
    session: Session, letter_id: int, state: str, *, at: datetime, error: str | None = None
) -> bool:
    """The letter is sent, failed or withheld, for good; False when it was erased meanwhile."""
    finished = session.execute(
        update(Letter)
        .where(Letter.id == letter_id)
        .values(
            state=state,
            finished_at=at,
            leased_until=None,
            leased_by=None,
            attempts=Letter.attempts + (0 if state == letters.WITHHELD else 1),
            last_error=error,
        )
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    )
    return finished.first() is not None


def postpone(
    session: Session,
    letter_id: int,
    *,
    until: datetime,
    error: str,
    left_at: datetime | None = None,
) -> None:
    """Try again later; `left_at`: some have it since then, and reports about it count."""
    session.execute(
        update(Letter)
        .where(Letter.id == letter_id)
        .values(
            due_at=until,
            leased_until=None,
            leased_by=None,
            attempts=Letter.attempts + 1,
            last_error=error,
            **({} if left_at is None else {"finished_at": left_at}),
        )
    )


def owe_again(session: Session, message_ids: Collection[int], *, at: datetime) -> None:
    """The newest letter of each of these messages is to go once more: the same one."""
    newest = (
        select(func.max(Letter.id))
        .where(Letter.message_id.in_(message_ids))
        .group_by(Letter.message_id)
    )
    session.execute(
        update(Letter)
        .where(Letter.id.in_(newest), Letter.state != letters.OWED)
        .values(state=letters.OWED, due_at=at, attempts=0)
        .execution_options(synchronize_session=False)
    )


def put_off(session: Session, letter_id: int, *, until: datetime) -> None:
    """Later, and not counted as a try: nothing about this letter was wrong."""
    session.execute(
        update(Letter)
        .where(Letter.id == letter_id)
        .values(due_at=until, leased_until=None, leased_by=None)
    )


def release(session: Session, letter_ids: Sequence[int], *, worker: str) -> None:
    """Give claimed letters back untried."""
    session.execute(
        update(Letter)
        .where(Letter.id.in_(letter_ids), Letter.leased_by == worker)
        .values(leased_until=None, leased_by=None)
    )


def summary(session: Session) -> dict[str, int]:
    """Letters by state: for doctor and the console."""
    rows = session.execute(select(Letter.state, func.count()).group_by(Letter.state))
    return {row.state: row[1] for row in rows}

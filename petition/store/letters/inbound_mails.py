"""Inbound mails: what came in and waits to be read, and how much came to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from petition.domain.letters.inbound import InboundOutcome
from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.db.upsert import upsert
from petition.store.tables import InboundCount, InboundMail, InboundMark

READ_AGAIN: Final = timedelta(minutes=10)
"""So long one worker has it, and so long it rests when reading failed."""
MOST_TRIES: Final = 5


@dataclass(frozen=True, kw_only=True)
class WaitingMail:
    """An email that a worker holds."""

    id: int
    sealed: bytes
    key_number: int
    tries: int


def add(session: Session, mail_id: int, sealed: bytes, key_number: int, *, at: datetime) -> None:
    """Keep one, from the commit on."""
    session.add(
        InboundMail(
            id=mail_id, sealed=sealed, key_number=key_number, received_at=at, due_at=at, tries=0
        )
    )
    session.flush()


def is_new(session: Session, mark: bytes, *, at: datetime) -> bool:
    """Note where one was taken from; False where it was before: then it is kept already."""
    return upsert(session, InboundMark, {"mark": mark, "taken_at": at}) == 1


def is_marked(session: Session, mark: bytes) -> bool:
    """Whether one was taken from there."""
    return session.scalar(select(InboundMark.mark).where(InboundMark.mark == mark)) is not None


def delete_old_marks(session: Session, *, before: datetime) -> None:
    """Where emails came from that were taken before then: they are long gone from there."""
    session.execute(
        delete(InboundMark)
        .where(InboundMark.taken_at < before)
        .execution_options(synchronize_session=False)
    )


def is_any_due(at: Moment) -> Condition:
    """Whether there is one to be read."""
    return any_row(InboundMail, *_is_due(at))


def _is_due(at: datetime | Moment) -> tuple[Condition, ...]:
    return InboundMail.due_at <= at, InboundMail.tries < MOST_TRIES


def claim(session: Session, *, at: datetime) -> WaitingMail | None:
    """The oldest that is to be read, for a while; None when there is none."""
    oldest = (
        select(InboundMail.id)
        .where(*_is_due(at))
        .order_by(InboundMail.due_at, InboundMail.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session.execute(
        update(InboundMail)
        .where(InboundMail.id == oldest.scalar_subquery())
        .values(due_at=at + READ_AGAIN, tries=InboundMail.tries + 1)
        .returning(InboundMail.id, InboundMail.sealed, InboundMail.key_number, InboundMail.tries)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        return None
    return WaitingMail(
        id=row.id, sealed=bytes(row.sealed), key_number=row.key_number, tries=row.tries
    )


def take_out(session: Session, mail_id: int) -> bool:
    """It is read; False when another worker has read it."""
    gone = session.execute(
        delete(InboundMail)
        .where(InboundMail.id == mail_id)
        .returning(InboundMail.id)
        .execution_options(synchronize_session=False)
    )
    return gone.first() is not None


def unread(session: Session) -> int:
    """How many could not be read, however often it was tried."""
    query = select(func.count()).select_from(InboundMail).where(InboundMail.tries >= MOST_TRIES)
    return session.scalar(query) or 0


def old(session: Session, *, before: datetime) -> int:
    """How many came before then and could not be read."""
    query = select(func.count()).select_from(InboundMail).where(InboundMail.received_at < before)
    return session.scalar(query) or 0


def delete_old(session: Session, *, before: datetime) -> int:
    """Delete what nobody could read in all that time; how many."""
    gone = session.execute(
        delete(InboundMail)
        .where(InboundMail.received_at < before)
        .returning(InboundMail.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def count(session: Session, outcome: InboundOutcome, *, at: datetime) -> None:
    """One more came to that."""
    upsert(
        session,
        InboundCount,
        {"on_day": at.date(), "outcome": outcome.value, "number": 1},
        change=lambda new: {"number": InboundCount.number + new.number},
    )


def counts(session: Session, *, since: date) -> dict[str, int]:
    """How many came to what from that day on."""
    rows = session.execute(
        select(InboundCount.outcome, func.sum(InboundCount.number))
        .where(InboundCount.on_day >= since)
        .group_by(InboundCount.outcome)
    )
    return {row.outcome: int(row[1]) for row in rows}

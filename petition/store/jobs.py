"""Jobs: work that comes round, taken by one worker at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.db.upsert import upsert
from petition.store.tables import Job


def claim(session: Session, name: str, *, at: datetime, every: timedelta) -> datetime | None:
    """Take the job if it is due: when it ran before that (or `at`, the first time); else None.

    One UPDATE decides between workers.
    """
    before = session.scalar(select(Job.last_at).where(Job.name == name))
    _make_sure(session, name, at)
    taken = session.execute(
        update(Job)
        .where(Job.name == name, Job.next_at <= at)
        .values(last_at=at, next_at=at + every)
        .returning(Job.name)
        .execution_options(synchronize_session=False)
    ).first()
    return (before or at) if taken is not None else None


def is_due(name: str, *, at: Moment) -> Condition:
    """Whether `claim` would take it, unless another worker does."""
    return ~any_row(Job, Job.name == name, Job.next_at > at)


def ask(session: Session, name: str, *, at: datetime) -> None:
    """Have the job run at the next turn."""
    _make_sure(session, name, at)
    session.execute(update(Job).where(Job.name == name, Job.next_at > at).values(next_at=at))


def next_at(session: Session, name: str) -> datetime | None:
    """When the job runs next; None before it was ever planned."""
    return session.scalar(select(Job.next_at).where(Job.name == name))


def last_at(session: Session, name: str) -> datetime | None:
    """When the job last ran."""
    return session.scalar(select(Job.last_at).where(Job.name == name))


def _make_sure(session: Session, name: str, at: datetime) -> None:
    upsert(session, Job, {"name": name, "next_at": at})

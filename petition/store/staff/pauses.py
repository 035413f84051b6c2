"""Pauses: what rests until somebody lifts it, in every process and on every machine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from petition.store.db.conditions import Condition, any_row
from petition.store.db.upsert import upsert
from petition.store.tables import Pause


class Paused(StrEnum):
    """What can rest; these words stand in the database."""

    LETTERS = "letters"
    """No email leaves, to nobody: they wait."""
    LISTS = "lists"
    """No list of people is made or handed out."""


def pause(session: Session, what: Iterable[Paused], *, at: datetime) -> None:
    """These rest from now on; what rests already keeps the time since when."""
    upsert(session, Pause, [{"what": each, "since": at} for each in what])


def lift(session: Session) -> int:
    """Nothing rests from now on; how many did."""
    return session.connection().execute(delete(Pause.__table__)).rowcount  # type: ignore[arg-type]


def since(session: Session, what: Paused) -> datetime | None:
    """Since when it rests; None while it does not."""
    return session.scalar(select(Pause.since).where(Pause.what == what))


def rests(what: Paused) -> Condition:
    """Whether it rests now."""
    return any_row(Pause, Pause.what == what)

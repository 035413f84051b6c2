"""Snapshots: numbers for public pages as they were at one moment; in between they stay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from petition.store.db import stored_json
from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.db.upsert import upsert
from petition.store.tables import Snapshot

T = TypeVar("T")  # Python 3.11 has no other way to say it


@dataclass(frozen=True, kw_only=True)
class Figures(Generic[T]):
    """Numbers by their names, as of a time."""

    at: datetime
    numbers: T


def read(session: Session, campaign_id: int, name: str, of: type[T]) -> Figures[T] | None:
    """The snapshot of that name; None before the first one."""
    row = session.get(Snapshot, (campaign_id, name))
    if row is None:
        return None
    return Figures(at=row.at, numbers=stored_json.read(row.figures, of))


def exists(session: Session, campaign_id: int, name: str) -> bool:
    """True once there is a snapshot of that name."""
    where = (Snapshot.campaign_id == campaign_id, Snapshot.name == name)
    return session.scalar(select(Snapshot.campaign_id).where(*where)) is not None


def is_there(campaign_id: InstrumentedAttribute[int], name: str, *, since: Moment) -> Condition:
    """Whether the campaign of a row has one of that name that is younger than that."""
    return any_row(
        Snapshot, Snapshot.campaign_id == campaign_id, Snapshot.name == name, Snapshot.at > since
    )


def write(session: Session, campaign_id: int, name: str, numbers: object, *, at: datetime) -> None:
    """Put a new snapshot in the old one's place."""
    text = stored_json.written(numbers)
    upsert(
        session,
        Snapshot,
        {"campaign_id": campaign_id, "name": name, "at": at, "figures": text},
        change=lambda new: {"at": new.at, "figures": new.figures},
    )

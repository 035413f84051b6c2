"""Staff views: on which day which role read a form, for its person to see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.store.db.upsert import upsert
from petition.store.tables import StaffView


@dataclass(frozen=True, kw_only=True)
class ViewRecord:
    """Somebody of this role read the form on this day, once or more often."""

    on: datetime
    """The beginning of that day, in UTC."""
    role: str


def note(session: Session, entry_ids: Iterable[int], *, role: str, at: datetime) -> None:
    """These forms are about to be read."""
    upsert(
        session,
        StaffView,
        [{"entry_id": id_, "on_day": at.astimezone(UTC).date(), "role": role} for id_ in entry_ids],
    )


def of_entries(session: Session, entry_ids: Sequence[int]) -> dict[int, tuple[ViewRecord, ...]]:
    """Form to who read it, oldest first."""
    rows = session.execute(
        select(StaffView.entry_id, StaffView.on_day, StaffView.role)
        .where(StaffView.entry_id.in_(entry_ids))
        .order_by(StaffView.on_day, StaffView.role)
    )
    found: dict[int, list[ViewRecord]] = {}
    for entry_id, day, role in rows:
        view = ViewRecord(on=datetime.combine(day, time(), UTC), role=role)
        found.setdefault(entry_id, []).append(view)
    return {entry_id: tuple(views) for entry_id, views in found.items()}

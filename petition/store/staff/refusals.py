"""How often staff were refused a page, by the hour, so that a loop does not fill the audit log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from petition.store.db.upsert import upsert_one
from petition.store.tables import StaffRefusal


def count(session: Session, staff_id: int, *, at: datetime) -> int:
    """One more; how many that makes in this hour."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    return upsert_one(
        session,
        StaffRefusal,
        {"staff_id": staff_id, "hour": hour, "number": 1},
        change=lambda new: {"number": StaffRefusal.number + new.number},
        returning=StaffRefusal.number,
    )


def delete_old(session: Session, *, before: datetime) -> None:
    """Forget those of earlier hours."""
    session.execute(
        delete(StaffRefusal)
        .where(StaffRefusal.hour < before)
        .execution_options(synchronize_session=False)
    )

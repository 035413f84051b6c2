"""The audit log: what staff did, and what was tried."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from petition.store.tables import Audit


def note(
    session: Session,
    *,
    who: str,
    action: str,
    outcome: str,
    at: datetime,
    detail: str | None = None,
) -> None:
    """Write a line of the audit log."""
    session.execute(
        insert(Audit).values(at=at, who=who, action=action, outcome=outcome, detail=detail)
    )


def tries(session: Session, *, who: str, action: str, at: datetime, within: timedelta) -> int:
    """How often `who` tried `action` lately."""
    query = select(func.count()).where(
        Audit.who == who, Audit.action == action, Audit.outcome == "tried", Audit.at > at - within
    )
    return session.scalar(query) or 0

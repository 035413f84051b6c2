"""The audit log: what staff did, and what was tried."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from petition.store.staff import audit_chain
from petition.store.staff.audit_chain import AuditLine
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
    """Have a line of the audit log written, with the commit of this transaction.

    It is for ever: `detail` is never what a stranger typed, and never names a supporter.
    """
    audit_chain.append(
        session, AuditLine(at=at, who=who, action=action, outcome=outcome, detail=detail)
    )


def last_outcome(session: Session, action: str) -> str | None:
    """How it ended the last time; None where it was never done."""
    query = select(Audit.outcome).where(Audit.action == action).order_by(Audit.id.desc()).limit(1)
    return session.scalar(query)


def count_details(
    session: Session, *, who: str, action: str, since: datetime, but: str | None = None
) -> int:
    """How many different things `who` has done this to since then; `but` is not counted.

    A row of the transaction that is still open is not seen: it is written with the commit.
    """
    query = select(func.count(Audit.detail.distinct())).where(
        Audit.who == who, Audit.action == action, Audit.at > since
    )
    if but is not None:
        query = query.where(Audit.detail != but)
    return session.scalar(query) or 0


def tries(session: Session, *, who: str, action: str, at: datetime, within: timedelta) -> int:
    """How often `who` tried `action` lately."""
    query = select(func.count()).where(
        Audit.who == who, Audit.action == action, Audit.outcome == "tried", Audit.at > at - within
    )
    return session.scalar(query) or 0

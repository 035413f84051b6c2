"""Pruning the audit log: its oldest rows go, and a row of it says up to which one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from petition.store.db.upsert import upsert
from petition.store.staff import audit, audit_chain
from petition.store.staff.audit_chain import PRUNE
from petition.store.staff.audit_head import Head
from petition.store.tables import Audit, AuditPruning


@dataclass(frozen=True, kw_only=True)
class Prunable:
    """The rows that would go."""

    rows: int
    last: Head


def prunable(session: Session, *, before: datetime) -> Prunable | None:
    """The rows from before that time, up to the first one that is younger; None where none is.

    From the beginning without a gap: a row that waited for its commit may be older than the one
    before it. The last row stays, however old it is: the next one follows on it.
    """
    young = session.scalar(select(func.min(Audit.number)).where(Audit.at >= before))
    kept = young if young is not None else audit_chain.last(session).number
    going = Audit.number < kept
    row = session.execute(
        select(Audit.number, Audit.mac).where(going).order_by(Audit.number.desc()).limit(1)
    ).first()
    if row is None:
        return None
    rows = session.scalar(select(func.count()).select_from(Audit).where(going)) or 0
    return Prunable(rows=rows, last=Head(number=row.number, mac=bytes(row.mac)))


def prune(session: Session, last: Head, *, by: str, at: datetime) -> None:
    """Delete the rows up to this one. The checkpoint is the next row of the chain."""
    audit_chain.lock(session)
    upsert(session, AuditPruning, {"number": last.number, "at": at})
    session.execute(
        delete(Audit)
        .where(Audit.number <= last.number)
        .execution_options(synchronize_session=False)
    )
    detail = audit_chain.checkpoint(audit_chain.chain_of(session), last)
    audit.note(session, who=by, action=PRUNE, outcome="done", at=at, detail=detail)

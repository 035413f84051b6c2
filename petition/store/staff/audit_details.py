"""Rows of the audit log about one thing, by what stands in their detail."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.store.staff.audit_rows import AuditRow
from petition.store.tables import Audit


def rows(session: Session, actions: Collection[str], details: Collection[str]) -> list[AuditRow]:
    """Those with one of these actions and one of these details, in the order they were written."""
    query = select(Audit).where(Audit.detail.in_(details), Audit.action.in_(actions))
    return [
        AuditRow(
            number=row.number,
            at=row.at,
            who=row.who,
            action=row.action,
            outcome=row.outcome,
            detail=row.detail,
        )
        for row in session.scalars(query.order_by(Audit.number))
    ]

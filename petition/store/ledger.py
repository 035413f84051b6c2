"""The ledger: every export that was taken out, and the audit log of what staff did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from petition.store.tables import Audit, Export


def begin_export(
    session: Session,
    *,
    campaign_id: int,
    by: str,
    reason: str,
    filters: Mapping[str, object],
    at: datetime,
) -> int:
    """Note that an export begins; its id. It stays unfinished if the file is cut off."""
    row = Export(
        campaign_id=campaign_id,
        by=by,
        reason=reason,
        filters=json.dumps(filters, sort_keys=True),
        format="csv",
        started_at=at,
    )
    session.add(row)
    session.flush()
    return row.id


def finish_export(
    session: Session, export_id: int, *, rows: int, sha256: str, at: datetime
) -> None:
    """The file left whole: how many rows, and the SHA-256 of all its bytes."""
    session.execute(
        update(Export)
        .where(Export.id == export_id)
        .values(rows=rows, sha256=sha256, finished_at=at)
    )


def exports(session: Session, campaign_id: int) -> list[Export]:
    """The campaign's ledger, newest first."""
    query = select(Export).where(Export.campaign_id == campaign_id).order_by(Export.id.desc())
    return list(session.scalars(query))


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

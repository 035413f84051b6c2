"""The target's own mail domains, as patterns: read by the form and the worker, edited by staff."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from petition.store.db.upsert import upsert
from petition.store.tables import TargetDomain


def patterns(session: Session, campaign_id: int) -> tuple[str, ...]:
    """The patterns in force, in alphabetical order."""
    return _listed(session, campaign_id, TargetDomain.active.is_(True))


def taken_off(session: Session, campaign_id: int) -> tuple[str, ...]:
    """Those that staff took off: loading the campaign's files does not bring them back."""
    return _listed(session, campaign_id, TargetDomain.active.is_(False))


def _listed(session: Session, campaign_id: int, condition: ColumnElement[bool]) -> tuple[str, ...]:
    query = select(TargetDomain.pattern).where(TargetDomain.campaign_id == campaign_id, condition)
    return tuple(sorted(session.scalars(query)))


def offer(session: Session, campaign_id: int, patterns: Iterable[str]) -> bool:
    """Add those that are new, and leave alone what staff decided; True when any was new."""
    rows = [
        {"campaign_id": campaign_id, "pattern": pattern, "active": True} for pattern in patterns
    ]
    # Somebody else may load the same campaign at this moment.
    return upsert(session, TargetDomain, rows) > 0


def put_on(session: Session, campaign_id: int, pattern: str) -> bool:
    """The pattern is in force from now on; True when it was not."""
    changed = upsert(
        session,
        TargetDomain,
        {"campaign_id": campaign_id, "pattern": pattern, "active": True},
        change=lambda new: {"active": new.active},
        where=TargetDomain.active.is_(False),
    )
    return changed > 0


def take_off(session: Session, campaign_id: int, pattern: str) -> bool:
    """The pattern is no longer in force; True when it was."""
    statement = (
        update(TargetDomain)
        .where(
            TargetDomain.campaign_id == campaign_id,
            TargetDomain.pattern == pattern,
            TargetDomain.active.is_(True),
        )
        .values(active=False)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement.returning(TargetDomain.pattern)).first() is not None

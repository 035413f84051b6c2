"""The target's own mail domains, as patterns: read by the form and the worker, edited by staff."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from petition.store.tables import TargetDomain

_DOMAINS: Table = TargetDomain.__table__  # type: ignore[assignment]


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
    if not rows:
        return False
    # Somebody else may load the same campaign at this moment.
    statement = _insert(session)(_DOMAINS).values(rows).on_conflict_do_nothing()
    return session.execute(statement.returning(_DOMAINS.c.pattern)).first() is not None


def put_on(session: Session, campaign_id: int, pattern: str) -> bool:
    """The pattern is in force from now on; True when it was not."""
    statement = (
        _insert(session)(_DOMAINS)
        .values(campaign_id=campaign_id, pattern=pattern, active=True)
        .on_conflict_do_update(
            index_elements=[_DOMAINS.c.campaign_id, _DOMAINS.c.pattern],
            set_={"active": True},
            where=_DOMAINS.c.active.is_(False),
        )
    )
    return session.execute(statement.returning(_DOMAINS.c.pattern)).first() is not None


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


def _insert(session: Session) -> type[postgresql.Insert] | type[sqlite.Insert]:
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.Insert if is_postgresql else sqlite.Insert

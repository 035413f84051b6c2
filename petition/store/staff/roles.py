"""Roles of staff, kept one row for each campaign that somebody works on, or one for all."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache

from sqlalchemy import ColumnElement, Select, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from petition.domain.staff.roles import Grant, Right, Role
from petition.store.db import stored_json
from petition.store.tables import Staff, StaffRole


def grants(session: Session, staff_id: int) -> tuple[Grant, ...]:
    """What one member of staff was given: that for all campaigns first."""
    return _by_staff(session, [staff_id]).get(staff_id, ())


def grants_of(session: Session, staff_ids: Collection[int]) -> dict[int, tuple[Grant, ...]]:
    """The same for some, by the id of the account."""
    return _by_staff(session, staff_ids)


def grants_of_all(session: Session) -> dict[int, tuple[Grant, ...]]:
    """The same for everybody, by the id of the account."""
    return _by_staff(session, None)


def _by_staff(session: Session, staff_ids: Iterable[int] | None) -> dict[int, tuple[Grant, ...]]:
    if staff_ids is None:
        rows = session.scalars(_all())
    else:
        rows = session.scalars(_of_some(), {"numbers": [*staff_ids]})
    found: dict[int, tuple[Grant, ...]] = {}
    for row in rows:
        found[row.staff_id] = (*found.get(row.staff_id, ()), _grant(row))
    return found


@cache
def _all() -> Select[StaffRole]:
    return select(StaffRole).order_by(StaffRole.campaign_id.is_not(None), StaffRole.campaign_id)


@cache
def _of_some() -> Select[StaffRole]:
    """It is asked with each request of staff."""
    return _all().where(StaffRole.staff_id.in_(bindparam("numbers", expanding=True)))


def _grant(row: StaffRole) -> Grant:
    return Grant(
        campaign_id=row.campaign_id,
        role=Role(row.role),
        further=frozenset(stored_json.read(row.further, tuple[Right, ...])),
    )


def lock(session: Session) -> None:
    """Until the transaction ends, no other one changes who may do what."""
    session.execute(select(Staff.id).order_by(Staff.id).with_for_update(key_share=True))


def put(session: Session, staff_id: int, grant: Grant) -> None:
    """The grant, instead of the one for the same campaign (or for all). Lock first."""
    values = {
        "role": grant.role,
        "further": stored_json.written(tuple(sorted(grant.further))),
    }
    done = session.execute(
        update(StaffRole)
        .where(*_scope(staff_id, grant.campaign_id))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if not done.rowcount:  # type: ignore[attr-defined]  # an UPDATE has one
        session.add(StaffRole(staff_id=staff_id, campaign_id=grant.campaign_id, **values))
        session.flush()


def remove(session: Session, staff_id: int, campaign_id: int | None) -> bool:
    """Take away what somebody was given for this campaign (or for all); False if nothing was."""
    done = session.execute(
        delete(StaffRole)
        .where(*_scope(staff_id, campaign_id))
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # a DELETE has one


def _scope(staff_id: int, campaign_id: int | None) -> tuple[ColumnElement[bool], ...]:
    campaign = (
        StaffRole.campaign_id.is_(None)
        if campaign_id is None
        else StaffRole.campaign_id == campaign_id
    )
    return (StaffRole.staff_id == staff_id, campaign)


def owners(session: Session) -> frozenset[int]:
    """Who owns everything and can sign in."""
    query = (
        select(Staff.id)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(
            StaffRole.role == Role.OWNER,
            StaffRole.campaign_id.is_(None),
            Staff.disabled.is_(False),
            Staff.password_hash.is_not(None),
        )
    )
    return frozenset(session.scalars(query))


def owners_of(session: Session, campaign_id: int) -> frozenset[int]:
    """Who owns this campaign, or everything, and can sign in."""
    query = (
        select(Staff.id)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(
            StaffRole.role == Role.OWNER,
            or_(StaffRole.campaign_id.is_(None), StaffRole.campaign_id == campaign_id),
            Staff.disabled.is_(False),
            Staff.password_hash.is_not(None),
        )
    )
    return frozenset(session.scalars(query))

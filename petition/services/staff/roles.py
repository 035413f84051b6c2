"""Giving and taking roles; of those who own everything one is always left."""

from __future__ import annotations

from datetime import datetime

from petition.domain.staff.roles import Grant, Role
from petition.errors import PetitionError
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.staff import accounts, audit, roles


class LastOwner(PetitionError):
    """This is the last owner. Make somebody else an owner first."""


def give(session: Session, staff_id: int, grant: Grant) -> str:
    """Give a role instead of the one on the same campaign (or on all); it in words, for the audit.

    Raises LastOwner.
    """
    if grant.campaign_id is None and grant.role != Role.OWNER:
        check_owner_is_left(session, without=staff_id)
    else:
        roles.lock(session)
    roles.put(session, staff_id, grant)
    words = [grant.role.value, *sorted(grant.further)]
    return f"{', '.join(words)} on {_place(session, grant.campaign_id)}"


def change(session: Session, staff_id: int, grant: Grant, *, by: str, at: datetime) -> None:
    """The same for somebody who is there, noted. Raises NotFound and LastOwner."""
    person = accounts.by_id(session, staff_id)
    words = give(session, staff_id, grant)
    _note(session, f"{person.email}: {words}", by=by, at=at)


def take(
    session: Session, staff_id: int, campaign_id: int | None, *, by: str, at: datetime
) -> None:
    """Take the role on this campaign (or on all) away. Raises NotFound and LastOwner."""
    person = accounts.by_id(session, staff_id)
    if campaign_id is None:
        check_owner_is_left(session, without=staff_id)
    if roles.remove(session, staff_id, campaign_id):
        _note(session, f"{person.email}: none on {_place(session, campaign_id)}", by=by, at=at)


def check_owner_is_left(session: Session, *, without: int) -> None:
    """Raises LastOwner where nobody else could sign in and own everything.

    Until the transaction ends nobody else changes roles: two owners may want to remove each other.
    """
    roles.lock(session)
    owners = roles.owners(session)
    if owners == {without}:
        raise LastOwner


def _place(session: Session, campaign_id: int | None) -> str:
    return "all campaigns" if campaign_id is None else campaigns.slug(session, campaign_id)


def _note(session: Session, detail: str, *, by: str, at: datetime) -> None:
    audit.note(session, who=by, action="role", outcome="done", at=at, detail=detail)

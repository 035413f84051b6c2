"""Staff: accounts, one-time set-up links and sessions. Secrets are kept as hashes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from petition.store.tables import Staff, StaffInvite, StaffSession


@dataclass(frozen=True, kw_only=True)
class StaffMember:
    """Who signs in."""

    id: int
    email: str
    role: str
    password_hash: str | None
    """None until they have set their password."""
    disabled: bool


def _member(row: Staff | None) -> StaffMember | None:
    if row is None:
        return None
    return StaffMember(
        id=row.id,
        email=row.email,
        role=row.role,
        password_hash=row.password_hash,
        disabled=row.disabled,
    )


def digest(token: str) -> str:
    """What is kept of a secret token: 256 random bits need no salt."""
    return sha256(token.encode()).hexdigest()


def by_email(session: Session, email: str) -> StaffMember | None:
    return _member(_row(session, email))


def _row(session: Session, email: str) -> Staff | None:
    return session.scalar(select(Staff).where(Staff.email == email))


def anyone(session: Session) -> bool:
    """True once somebody has finished their set-up."""
    found = session.scalar(select(Staff.id).where(Staff.password_hash.is_not(None)).limit(1))
    return found is not None


def invite(
    session: Session, *, email: str, role: str, token: str, expires_at: datetime, at: datetime
) -> None:
    """Make the account if it is new, give it the role, and remember the link's token."""
    staff = _row(session, email)
    if staff is None:
        staff = Staff(email=email, role=role, created_at=at)
        session.add(staff)
    staff.role = role
    session.flush()
    session.add(StaffInvite(staff_id=staff.id, token_sha256=digest(token), expires_at=expires_at))


def invited(session: Session, token: str, *, at: datetime) -> StaffMember | None:
    """Whom an unused, undated link invites."""
    return _member(
        session.scalar(
            select(Staff)
            .join(StaffInvite, StaffInvite.staff_id == Staff.id)
            .where(
                StaffInvite.token_sha256 == digest(token),
                StaffInvite.used_at.is_(None),
                StaffInvite.expires_at > at,
            )
        )
    )


def use_invite(
    session: Session, token: str, *, password_hash: str, at: datetime
) -> StaffMember | None:
    """Spend the link and set the password; None when it was spent or too old.

    The UPDATE decides: the same link may be opened twice at once. Sessions that were open
    under an earlier password end.
    """
    staff_id = session.scalar(
        update(StaffInvite)
        .where(
            StaffInvite.token_sha256 == digest(token),
            StaffInvite.used_at.is_(None),
            StaffInvite.expires_at > at,
        )
        .values(used_at=at)
        .returning(StaffInvite.staff_id)
        .execution_options(synchronize_session=False)
    )
    if staff_id is None:
        return None
    revoke_all(session, staff_id, at=at)
    staff = session.get_one(Staff, staff_id)
    staff.password_hash = password_hash
    return _member(staff)


def open_session(session: Session, staff_id: int, token: str, *, at: datetime) -> None:
    session.add(
        StaffSession(staff_id=staff_id, token_sha256=digest(token), created_at=at, seen_at=at)
    )


def of_session(
    session: Session, token: str, *, at: datetime, life: timedelta, idle: timedelta
) -> StaffMember | None:
    """Who is signed in with this token: not revoked, not too old, not idle, not disabled."""
    return _member(
        session.scalar(
            select(Staff)
            .join(StaffSession, StaffSession.staff_id == Staff.id)
            .where(
                StaffSession.token_sha256 == digest(token),
                StaffSession.revoked_at.is_(None),
                StaffSession.created_at > at - life,
                StaffSession.seen_at > at - idle,
                Staff.disabled.is_(False),
            )
        )
    )


def seen(session: Session, token: str, *, at: datetime, step: timedelta) -> None:
    """Move the idle clock, at most once a step."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.token_sha256 == digest(token), StaffSession.seen_at < at - step)
        .values(seen_at=at)
    )


def revoke(session: Session, token: str, *, at: datetime) -> None:
    session.execute(
        update(StaffSession)
        .where(StaffSession.token_sha256 == digest(token), StaffSession.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def revoke_all(session: Session, staff_id: int, *, at: datetime) -> None:
    session.execute(
        update(StaffSession)
        .where(StaffSession.staff_id == staff_id, StaffSession.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def disable(session: Session, staff_id: int) -> None:
    """From now on this account opens nothing."""
    session.execute(update(Staff).where(Staff.id == staff_id).values(disabled=True))

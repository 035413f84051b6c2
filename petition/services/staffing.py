"""Staffing: inviting staff, their set-up, signing in and out."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from petition.errors import NotFound, PetitionError
from petition.store import ledger, staff

ROLES: Final = ("owner", "editor", "moderator", "exporter", "viewer")
EXPORTERS: Final = ("owner", "exporter")
EDITORS: Final = ("owner", "editor")
MODERATORS: Final = ("owner", "editor", "moderator")
PASSWORD_LENGTH: Final = 15
TRIES_A_MINUTE: Final = 5
INVITE_LIFE: Final = timedelta(days=3)
SESSION_LIFE: Final = timedelta(hours=12)
SESSION_IDLE: Final = timedelta(hours=2)

# The hash of nobody's password: an unknown account costs the same time as a wrong password.
_NOBODY = generate_password_hash(secrets.token_hex(16), method="scrypt")


class PasswordTooShort(PetitionError):
    """The password needs 15 characters or more."""


def invite(session: Session, email: str, role: str, *, by: str, at: datetime) -> str:
    """Invite somebody; the token of their one-time link, which is kept only as a hash."""
    token = secrets.token_urlsafe(32)
    staff.invite(session, email=email, role=role, token=token, expires_at=at + INVITE_LIFE, at=at)
    ledger.note(
        session, who=by, action="invite", outcome="done", at=at, detail=f"{email} as {role}"
    )
    return token


def hash_password(password: str) -> str:
    """Slow on purpose, so never inside a transaction. Raises PasswordTooShort."""
    if len(password) < PASSWORD_LENGTH:
        raise PasswordTooShort
    return generate_password_hash(password, method="scrypt")


def set_up(session: Session, token: str, password_hash: str, *, at: datetime) -> str | None:
    """Spend the link, set the password, sign in: the session's token; None for a dead link."""
    person = staff.use_invite(session, token, password_hash=password_hash, at=at)
    if person is None:
        return None
    ledger.note(session, who=person.email, action="set up", outcome="done", at=at)
    return _begin(session, person.id, at)


def may_try(session: Session, email: str, *, at: datetime) -> bool:
    """Write the try down, then count: at most 5 a minute for an account, right or wrong.

    Commit it even when the answer is no. Written first, so that tries at the same moment see
    each other.
    """
    ledger.note(session, who=email, action="sign in", outcome="tried", at=at)
    tries = ledger.tries(session, who=email, action="sign in", at=at, within=timedelta(minutes=1))
    if tries > TRIES_A_MINUTE:
        ledger.note(session, who=email, action="sign in", outcome="limited", at=at)
    return tries <= TRIES_A_MINUTE


def known_password(session: Session, email: str) -> str | None:
    """The hash to hold a password against; None: unknown, disabled, not set up are alike."""
    person = staff.by_email(session, email)
    return None if person is None or person.disabled else person.password_hash


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; as slow for nobody's as for somebody's."""
    return check_password_hash(password_hash or _NOBODY, password) and password_hash is not None


def sign_in(session: Session, email: str, *, right: bool, at: datetime) -> str | None:
    """The new session's token, or None when the password was wrong. Either is in the audit log."""
    person = staff.by_email(session, email)
    if person is None or not right or person.disabled:
        ledger.note(session, who=email, action="sign in", outcome="refused", at=at)
        return None
    ledger.note(session, who=email, action="sign in", outcome="done", at=at)
    return _begin(session, person.id, at)


def disable(session: Session, email: str, *, by: str, at: datetime) -> None:
    """Somebody leaves: signed out at once, and cannot come back. Raises NotFound."""
    person = staff.by_email(session, email)
    if person is None:
        raise NotFound(f"there is no account of {email}")
    staff.disable(session, person)
    staff.revoke_all(session, person.id, at=at)
    ledger.note(session, who=by, action="disable staff", outcome="done", at=at, detail=email)


def sign_out(session: Session, token: str, *, who: str, at: datetime) -> None:
    """End the session on the server, so that its cookie is worth nothing."""
    staff.revoke(session, token, at=at)
    ledger.note(session, who=who, action="sign out", outcome="done", at=at)


def _begin(session: Session, staff_id: int, at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    staff.open_session(session, staff_id, token, at=at)
    return token

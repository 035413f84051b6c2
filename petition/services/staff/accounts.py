"""Accounts: inviting staff, their password, logging out; how they log in is in signing_in."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from werkzeug.security import check_password_hash, generate_password_hash

from petition.domain.staff.roles import Grant
from petition.errors import NotFound, PetitionError
from petition.services.staff import roles
from petition.store.db import Session
from petition.store.staff import accounts, audit, sign_ins

PASSWORD_LENGTH: Final = 15
INVITE_LIFE: Final = timedelta(days=3)
SESSION_LIFE: Final = timedelta(hours=12)
SESSION_IDLE: Final = timedelta(hours=2)

# The hash of nobody's password: an unknown account costs the same time as a wrong password. Of
# random characters that were kept nowhere; to make one at each start would slow down each command.
_NOBODY: Final = (
    "scrypt:32768:8:1$cNe6n2orylS5kl76$"
    "93c91848c8ac8e53bf86edf3c4148f47e16d48583da6df3ae7098d6fe8e89e3c"
    "83e8de890cb5e56850fcdbc8598735364c69bd3f742cd7a30254d3c45bde2020"
)


class PasswordTooShort(PetitionError):
    """The password needs 15 characters or more."""


def invite(session: Session, email: str, grant: Grant, *, by: str, at: datetime) -> str:
    """Invite somebody; the token of their one-time link, which is kept only as a hash.

    Who is there already gets the role instead of the one that they have on the same campaign (or
    on all), and keeps the others. Raises LastOwner.
    """
    token = secrets.token_urlsafe(32)
    staff_id = accounts.invite(
        session, email=email, token=token, expires_at=at + INVITE_LIFE, at=at
    )
    words = roles.give(session, staff_id, grant)
    audit.note(
        session, who=by, action="invite", outcome="done", at=at, detail=f"{email} as {words}"
    )
    return token


def hash_password(password: str) -> str:
    """Slow on purpose, so never inside a transaction. Raises PasswordTooShort."""
    if len(password) < PASSWORD_LENGTH:
        raise PasswordTooShort
    return generate_password_hash(password, method="scrypt")


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; as slow for nobody's as for somebody's."""
    return check_password_hash(password_hash or _NOBODY, password) and password_hash is not None


def set_up(session: Session, token: str, password_hash: str, *, at: datetime) -> str | None:
    """Spend the link and set the password: the token of a session; None for a dead link.

    The second factor is still before it, also for who has one: no link to a password is a way
    round it. Devices that were known under an earlier password are strangers again.
    """
    person = accounts.use_invite(session, token, password_hash=password_hash, at=at)
    if person is None:
        return None
    sign_ins.delete_devices(session, person.id)
    audit.note(session, who=person.email, action="set up", outcome="done", at=at)
    return begin(session, person.id, at=at)


def disable(session: Session, email: str, *, by: str, at: datetime) -> None:
    """Somebody leaves: signed out at once, and cannot come back. Raises NotFound and LastOwner."""
    person = accounts.by_email(session, email)
    if person is None:
        raise NotFound(f"there is no account of {email}")
    roles.check_owner_is_left(session, without=person.id)
    accounts.disable(session, person.id)
    accounts.revoke_all(session, person.id, at=at)
    accounts.delete_links(session, person.id)
    sign_ins.delete_devices(session, person.id)
    audit.note(session, who=by, action="disable staff", outcome="done", at=at, detail=email)


def sign_out(session: Session, token: str, *, who: str, at: datetime) -> None:
    """End the session on the server, so that its cookie is worth nothing."""
    accounts.revoke(session, token, at=at)
    audit.note(session, who=who, action="sign out", outcome="done", at=at)


def sign_out_everywhere(session: Session, staff_id: int, *, who: str, at: datetime) -> None:
    """End every session of the account, on every device, this one too."""
    accounts.revoke_all(session, staff_id, at=at)
    audit.note(session, who=who, action="sign out everywhere", outcome="done", at=at)


def begin(
    session: Session, staff_id: int, *, enrols_until: datetime | None = None, at: datetime
) -> str:
    """A new session that has given its password: its token. It opens the way to the second factor.

    With `enrols_until`, it may set up another one without the one there is.
    """
    token = secrets.token_urlsafe(32)
    accounts.open_session(session, staff_id, token, enrols_until=enrols_until, at=at)
    return token

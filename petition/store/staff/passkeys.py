"""Passkeys of staff, and the challenge that a session's next one is to sign.

`staff.passkeys` has their number and moves with their rows: an UPDATE of it decides what must
happen once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from petition.domain.staff.passkeys import MOST, NewPasskey
from petition.store.db.upsert import upsert
from petition.store.staff.accounts import digest
from petition.store.staff.second_factors import is_without
from petition.store.tables import Staff, StaffPasskey, StaffSession


@dataclass(frozen=True, kw_only=True)
class Passkey:
    """One of somebody's passkeys."""

    id: int
    credential_id: bytes
    public_key: bytes
    sign_count: int
    created_at: datetime
    used_at: datetime | None


def of(session: Session, staff_id: int) -> list[Passkey]:
    """All of somebody's, the oldest first."""
    rows = session.scalars(
        select(StaffPasskey).where(StaffPasskey.staff_id == staff_id).order_by(StaffPasskey.id)
    )
    return [_passkey(row) for row in rows]


def find(session: Session, staff_id: int, credential_id: bytes) -> Passkey | None:
    """The one that the device calls so, if it is theirs."""
    row = session.scalar(
        select(StaffPasskey).where(
            StaffPasskey.staff_id == staff_id, StaffPasskey.credential_id == credential_id
        )
    )
    return None if row is None else _passkey(row)


def _passkey(row: StaffPasskey) -> Passkey:
    return Passkey(
        id=row.id,
        credential_id=row.credential_id,
        public_key=row.public_key,
        sign_count=row.sign_count,
        created_at=row.created_at,
        used_at=row.used_at,
    )


# --- adding and removing --------------------------------------------------------------------------


def add_first(session: Session, staff_id: int, new: NewPasskey, *, at: datetime) -> bool:
    """The account's first factor; False where there is one: of two browsers, one sets it up."""
    return _add(session, staff_id, new, to=is_without(staff_id), at=at)


def add(session: Session, staff_id: int, new: NewPasskey, *, at: datetime) -> bool:
    """One beside what the account has; False where it has as many as it may."""
    few = (Staff.id == staff_id) & (Staff.passkeys < MOST)
    return _add(session, staff_id, new, to=few, at=at)


def _add(
    session: Session, staff_id: int, new: NewPasskey, *, to: ColumnElement[bool], at: datetime
) -> bool:
    """False, and nothing is changed, also where it is kept already, by whomever."""
    row = {
        "staff_id": staff_id,
        "credential_id": new.credential_id,
        "public_key": new.public_key,
        "sign_count": new.sign_count,
        "created_at": at,
    }
    if not upsert(session, StaffPasskey, row):
        return False
    if _changed(session, to, Staff.passkeys + 1):
        return True
    session.execute(delete(StaffPasskey).where(StaffPasskey.credential_id == new.credential_id))
    return False


def replace_all(session: Session, staff_id: int, new: NewPasskey, *, at: datetime) -> bool:
    """This one in the place of every second factor that the account had, the app as well."""
    remove_all(session, staff_id)
    session.execute(
        update(Staff)
        .where(Staff.id == staff_id)
        .values(totp_sealed=None, totp_set_at=None)
        .execution_options(synchronize_session=False)
    )
    return _add(session, staff_id, new, to=is_without(staff_id), at=at)


def remove_all(session: Session, staff_id: int) -> None:
    session.execute(delete(StaffPasskey).where(StaffPasskey.staff_id == staff_id))
    session.execute(
        update(Staff)
        .where(Staff.id == staff_id)
        .values(passkeys=0)
        .execution_options(synchronize_session=False)
    )


def remove(session: Session, staff_id: int, passkey_id: int) -> bool:
    """Take one away; False where it is none of theirs."""
    gone = session.execute(
        delete(StaffPasskey)
        .where(StaffPasskey.id == passkey_id, StaffPasskey.staff_id == staff_id)
        .returning(StaffPasskey.id)
        .execution_options(synchronize_session=False)
    )
    return gone.first() is not None


def count_removed(session: Session, staff_id: int) -> bool:
    """One fewer; False where it was the last second factor: then nothing must be committed."""
    others = Staff.totp_sealed.is_not(None) | (Staff.passkeys > 1)
    return _changed(session, (Staff.id == staff_id) & others, Staff.passkeys - 1)


def _changed(session: Session, account: ColumnElement[bool], number: ColumnElement[int]) -> bool:
    done = session.execute(
        update(Staff)
        .where(account)
        .values(passkeys=number)
        .returning(Staff.id)
        .execution_options(synchronize_session=False)
    )
    return done.first() is not None


# --- using one ------------------------------------------------------------------------------------


def use(session: Session, passkey: Passkey, sign_count: int, *, at: datetime) -> bool:
    """Keep where its counter stands; False where another request has moved it meanwhile."""
    used = session.execute(
        update(StaffPasskey)
        .where(StaffPasskey.id == passkey.id, StaffPasskey.sign_count == passkey.sign_count)
        .values(sign_count=sign_count, used_at=at)
        .returning(StaffPasskey.id)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


def set_challenge(session: Session, token: str, challenge: bytes, *, until: datetime) -> None:
    """What this session's next passkey is to sign; the one from before is worth nothing."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.token_sha256 == digest(token), StaffSession.revoked_at.is_(None))
        .values(challenge=challenge, challenge_until=until)
        .execution_options(synchronize_session=False)
    )


def take_challenge(session: Session, token: str, *, at: datetime) -> bytes | None:
    """The challenge of this session, for the last time; None where there is none, or a late one.

    The UPDATE decides: of many who bring one answer, one gets it.
    """
    this = StaffSession.token_sha256 == digest(token)
    challenge = session.scalar(select(StaffSession.challenge).where(this))
    if challenge is None:
        return None
    taken = session.execute(
        update(StaffSession)
        .where(this, StaffSession.challenge == challenge, StaffSession.challenge_until > at)
        .values(challenge=None, challenge_until=None)
        .returning(StaffSession.id)
        .execution_options(synchronize_session=False)
    )
    return bytes(challenge) if taken.first() is not None else None

"""Second factors of staff: the sealed secret, which codes were used, how many were tried."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from petition.store.db import Instant
from petition.store.staff.accounts import digest
from petition.store.tables import Staff, StaffDevice, StaffRecoveryCode


def sealed(session: Session, staff_id: int) -> bytes | None:
    """The sealed secret of somebody's app; None until they have set it up."""
    found = session.scalar(select(Staff.totp_sealed).where(Staff.id == staff_id))
    return None if found is None else bytes(found)


def set_at(session: Session, staff_id: int) -> datetime | None:
    """Since when they have it."""
    return session.scalar(select(Staff.totp_set_at).where(Staff.id == staff_id))


def set_first(session: Session, staff_id: int, secret: bytes, step: int, *, at: datetime) -> bool:
    """The account's first one; False where there is one: of two browsers, one sets it up."""
    return _set(session, is_without(staff_id), secret, step, at=at)


def lock(session: Session, staff_id: int) -> None:
    """Nobody else changes the account's factors before the commit.

    Before any other row: whoever takes a session's or a passkey's row first, and then waits for
    the account's, would wait for who ends all sessions of it.
    """
    session.execute(select(Staff.id).where(Staff.id == staff_id).with_for_update())


def is_without(staff_id: int) -> ColumnElement[bool]:
    """The account, if it has no second factor yet."""
    return (Staff.id == staff_id) & Staff.totp_sealed.is_(None) & (Staff.passkeys == 0)


def replace(session: Session, staff_id: int, secret: bytes, step: int, *, at: datetime) -> bool:
    """Another one, in the place of the one there is."""
    return _set(session, Staff.id == staff_id, secret, step, at=at)


def _set(
    session: Session, account: ColumnElement[bool], secret: bytes, step: int, *, at: datetime
) -> bool:
    done = session.execute(
        update(Staff)
        .where(account)
        .values(totp_sealed=secret, totp_set_at=at, totp_last_step=step)
        .returning(Staff.id)
        .execution_options(synchronize_session=False)
    )
    return done.first() is not None


def remove_app(session: Session, staff_id: int) -> bool:
    """Passkeys alone from now on; False where there is none of them, or no app."""
    done = session.execute(
        update(Staff)
        .where(Staff.id == staff_id, Staff.totp_sealed.is_not(None), Staff.passkeys > 0)
        .values(totp_sealed=None, totp_set_at=None)
        .returning(Staff.id)
        .execution_options(synchronize_session=False)
    )
    return done.first() is not None


def use_step(session: Session, staff_id: int, step: int) -> bool:
    """Take the code of this half minute; False where it or a later one was taken before.

    The UPDATE decides, between requests and between processes.
    """
    used = session.execute(
        update(Staff)
        .where(Staff.id == staff_id, Staff.totp_last_step < step)
        .values(totp_last_step=step)
        .returning(Staff.id)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


# --- recovery codes -------------------------------------------------------------------------------


def set_recovery_codes(session: Session, staff_id: int, macs: Iterable[bytes]) -> None:
    """These, and none from before."""
    session.execute(delete(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff_id))
    session.execute(
        insert(StaffRecoveryCode), [{"staff_id": staff_id, "code_mac": mac} for mac in macs]
    )


def use_recovery_code(session: Session, staff_id: int, mac: bytes, *, at: datetime) -> bool:
    """Spend it; False where it is none of theirs, or was spent before."""
    used = session.execute(
        update(StaffRecoveryCode)
        .where(
            StaffRecoveryCode.staff_id == staff_id,
            StaffRecoveryCode.code_mac == mac,
            StaffRecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(StaffRecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


def recovery_codes_left(session: Session, staff_id: int) -> int:
    left = select(func.count()).where(
        StaffRecoveryCode.staff_id == staff_id, StaffRecoveryCode.used_at.is_(None)
    )
    return session.scalar(left) or 0


# --- tries ----------------------------------------------------------------------------------------


def count_try(
    session: Session, staff_id: int, *, most: int | None, at: datetime, within: timedelta
) -> int | None:
    """One more try of a code in the time that began with the first; how many there are now.

    None, and nothing is counted, where there were as many as `most`.
    """
    is_over = or_(Staff.codes_since.is_(None), Staff.codes_since <= at - within)
    query = update(Staff).where(Staff.id == staff_id)
    if most is not None:
        query = query.where(or_(is_over, Staff.codes_tried < most))
    return session.scalar(
        query.values(
            codes_since=case((is_over, literal(at, Instant)), else_=Staff.codes_since),
            codes_tried=case((is_over, 1), else_=Staff.codes_tried + 1),
        )
        .returning(Staff.codes_tried)
        .execution_options(synchronize_session=False)
    )


def uncount_try(session: Session, staff_id: int) -> None:
    """That one was right. The wrong ones stay counted: who owns the account renews no guesser's."""
    session.execute(
        update(Staff)
        .where(Staff.id == staff_id, Staff.codes_tried > 0)
        .values(codes_tried=Staff.codes_tried - 1)
        .execution_options(synchronize_session=False)
    )


def count_wrong_on_device(session: Session, staff_id: int, token: str, *, most: int) -> None:
    """One more wrong code in a row on this device; after `most` it is known no more."""
    number = session.scalar(
        update(StaffDevice)
        .where(StaffDevice.token_sha256 == digest(token), StaffDevice.staff_id == staff_id)
        .values(wrong_codes=StaffDevice.wrong_codes + 1)
        .returning(StaffDevice.wrong_codes)
        .execution_options(synchronize_session=False)
    )
    if number is not None and number >= most:
        session.execute(delete(StaffDevice).where(StaffDevice.token_sha256 == digest(token)))

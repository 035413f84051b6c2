"""Sign-ins: places for tries, devices that signed in before, and how often a try was wrong.

No row holds a word that a stranger typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from petition.store.db.upsert import upsert
from petition.store.staff.accounts import digest
from petition.store.tables import SignInPlace, SignInRefusal, Staff, StaffDevice

SWEPT: Final = 50
"""How many places of others are cleared with each try: more than one try makes."""
NOBODY: Final = 0
"""Under this number stand the wrong tries for addresses that have no account."""


# --- places ---------------------------------------------------------------------------------------


def take_place(
    session: Session, subject: bytes, places: range, *, at: datetime, within: timedelta
) -> bool:
    """Take one of these places of a subject, free again `within` that time; False: none is free.

    The unique key decides between tries at the same moment. Places of others whose time is over
    go too, so that the table holds no more than the tries of a minute or so.
    """
    taken = _taken(session, subject, places, since=at - within)
    free = [place for place in places if place not in taken]
    if not free:
        return False
    _clear_places(session, subject, before=at - within)
    return any(_take(session, subject, place, at) for place in free)


def _take(session: Session, subject: bytes, place: int, at: datetime) -> bool:
    row = {"subject": subject, "place": place, "taken_at": at}
    return upsert(session, SignInPlace, row) > 0


def _clear_places(session: Session, subject: bytes, *, before: datetime) -> None:
    over = SignInPlace.taken_at <= before
    others = select(SignInPlace.id).where(over).limit(SWEPT).with_for_update(skip_locked=True)
    for expired in (
        (SignInPlace.subject == subject) & over,
        SignInPlace.id.in_(others.scalar_subquery()),
    ):
        session.connection().execute(delete(SignInPlace).where(expired))


def _taken(
    session: Session, subject: bytes, places: range, *, since: datetime
) -> dict[int, datetime]:
    """Which of these places are taken, and since when."""
    rows = session.connection().execute(
        select(SignInPlace.place, SignInPlace.taken_at).where(
            SignInPlace.subject == subject,
            SignInPlace.place.in_(places),
            SignInPlace.taken_at > since,
        )
    )
    return {row.place: row.taken_at for row in rows}


def next_free(
    session: Session, subject: bytes, places: range, *, at: datetime, within: timedelta
) -> datetime:
    """When the first of these places is free: `at` or later. Changes nothing."""
    taken = _taken(session, subject, places, since=at - within)
    return min(taken.values()) + within if len(taken) == len(places) else at


# --- devices --------------------------------------------------------------------------------------


def is_device(session: Session, email: str, token: str, *, since: datetime) -> bool:
    """Whether this account has signed in on the device with this secret since then."""
    found = session.scalar(
        select(StaffDevice.id)
        .join(Staff, Staff.id == StaffDevice.staff_id)
        .where(
            StaffDevice.token_sha256 == digest(token),
            Staff.email == email,
            Staff.disabled.is_(False),
            StaffDevice.seen_at > since,
        )
    )
    return found is not None


def see_device(session: Session, staff_id: int, token: str, *, at: datetime) -> bool:
    """The device's time begins anew; False when it is not one of this account's."""
    seen = session.scalar(
        update(StaffDevice)
        .where(StaffDevice.token_sha256 == digest(token), StaffDevice.staff_id == staff_id)
        .values(seen_at=at, wrong_codes=0)
        .returning(StaffDevice.id)
        .execution_options(synchronize_session=False)
    )
    return seen is not None


def add_device(session: Session, staff_id: int, token: str, *, most: int, at: datetime) -> None:
    """Remember a device by its secret's hash; of more than `most` the oldest is forgotten."""
    session.execute(
        insert(StaffDevice).values(staff_id=staff_id, token_sha256=digest(token), seen_at=at)
    )
    newest = (
        select(StaffDevice.id)
        .where(StaffDevice.staff_id == staff_id)
        .order_by(StaffDevice.seen_at.desc(), StaffDevice.id.desc())
        .limit(most)
    )
    session.execute(
        delete(StaffDevice)
        .where(StaffDevice.staff_id == staff_id, StaffDevice.id.not_in(newest.scalar_subquery()))
        .execution_options(synchronize_session=False)
    )


def delete_devices(session: Session, staff_id: int) -> None:
    """None of the account's devices is known any more."""
    session.execute(delete(StaffDevice).where(StaffDevice.staff_id == staff_id))


def delete_all_devices(session: Session) -> None:
    """No device of anybody is known any more."""
    session.execute(delete(StaffDevice).execution_options(synchronize_session=False))


def count_devices(session: Session) -> int:
    """How many are known."""
    return session.scalar(select(func.count()).select_from(StaffDevice)) or 0


# --- wrong tries ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """How often a try was wrong, and when it last was."""

    number: int
    last_at: datetime | None


def count_refusal(session: Session, staff_id: int, *, at: datetime) -> None:
    """One more wrong try of this hour: one row an hour for an account, however many tries."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    upsert(
        session,
        SignInRefusal,
        {"account": staff_id, "hour": hour, "number": 1, "last_at": at},
        change=lambda new: {"number": SignInRefusal.number + 1, "last_at": new.last_at},
    )


def refusals(session: Session, staff_id: int, *, since: datetime) -> Refusals:
    """An account's wrong tries since then; NOBODY's are those for addresses without an account."""
    row = session.execute(
        select(func.sum(SignInRefusal.number), func.max(SignInRefusal.last_at)).where(
            SignInRefusal.account == staff_id, SignInRefusal.last_at > since
        )
    ).one()
    return Refusals(number=row[0] or 0, last_at=row[1])


def delete_old(session: Session, *, refused_before: datetime, seen_before: datetime) -> int:
    """Delete old numbers of wrong tries, and devices that did not sign in since; how many rows."""
    number = 0
    for old in (
        delete(SignInRefusal).where(SignInRefusal.last_at <= refused_before),
        delete(StaffDevice).where(StaffDevice.seen_at <= seen_before),
    ):
        gone = session.execute(old.execution_options(synchronize_session=False))
        number += int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE has one
    return number

"""Staff: accounts, one-time links and sessions. Secrets of links and cookies are kept as hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from petition.domain.sorting import Sort
from petition.errors import NotFound
from petition.store.db.keyset import Keyset, PartOfList
from petition.store.tables import Staff, StaffInvite, StaffSession

PAGE: Final = 50
"""Accounts on a page of the console."""


@dataclass(frozen=True, kw_only=True)
class StaffMember:
    """Who signs in."""

    id: int
    email: str
    password_hash: str | None
    """None until they have set their password."""
    disabled: bool
    has_app: bool
    """An app that makes codes."""
    passkeys: int

    @property
    def has_second_factor(self) -> bool:
        return self.has_app or self.passkeys > 0


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    SET_UP = "set-up"
    """To choose a password, the first or another one."""
    NEW_FACTOR = "new-factor"
    """To set up another second factor, for who has lost it and knows the password."""


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """A browser that has given a password, and perhaps a second factor."""

    person: StaffMember
    second_factor_at: datetime | None
    """When it was last given; None: not yet."""
    enrols_until: datetime | None
    """Until then it may put a new second factor in the place of the one there is."""
    seen_at: datetime
    """When it was last used, to a minute or so (`seen`)."""


def _member(row: Staff | None) -> StaffMember | None:
    if row is None:
        return None
    return StaffMember(
        id=row.id,
        email=row.email,
        password_hash=row.password_hash,
        disabled=row.disabled,
        has_app=row.totp_sealed is not None,
        passkeys=row.passkeys,
    )


def digest(token: str) -> str:
    """What is kept of a secret token: 256 random bits need no salt."""
    return sha256(token.encode()).hexdigest()


def by_email(session: Session, email: str) -> StaffMember | None:
    return _member(_row(session, email))


def by_id(session: Session, staff_id: int) -> StaffMember:
    """Raises NotFound."""
    person = _member(session.get(Staff, staff_id))
    if person is None:
        raise NotFound
    return person


def lock(session: Session, email: str) -> None:
    """Until the transaction ends, whoever else locks this account waits."""
    session.execute(select(Staff.id).where(Staff.email == email).with_for_update(key_share=True))


def _row(session: Session, email: str) -> Staff | None:
    return session.scalar(select(Staff).where(Staff.email == email))


@dataclass(frozen=True, kw_only=True)
class AccountState:
    """An account, as a list of all of them shows it."""

    person: StaffMember
    seen_at: datetime | None
    """When one of its sessions was last used."""


def everyone(session: Session) -> list[AccountState]:
    """All accounts, by address, the closed ones too."""
    return _states(session, _with_seen().order_by(Staff.email))


class AccountColumn(StrEnum):
    """What the list of accounts can stand in the order of."""

    EMAIL = "email"
    SEEN = "seen"


BY_EMAIL: Final = Sort(AccountColumn.EMAIL)


@dataclass(frozen=True, kw_only=True)
class AccountPage:
    """Some accounts, and where they stand among all of them."""

    accounts: tuple[AccountState, ...]
    part: PartOfList


def page(
    session: Session,
    sort: Sort[AccountColumn] = BY_EMAIL,
    *,
    after: int | None,
    most: int = PAGE,
) -> AccountPage:
    """The accounts that follow on the one with that id, or the first ones. Raises NotFound."""
    # Who was never seen was so before everybody.
    seen_at = func.coalesce(_seen_at(), datetime.min.replace(tzinfo=UTC))
    columns: dict[AccountColumn, list[SQLColumnExpression[Any]]] = {
        AccountColumn.EMAIL: [Staff.email],
        AccountColumn.SEEN: [seen_at, Staff.email],
    }
    part = Keyset(
        rows=select(Staff),
        keys=columns[sort.column],
        place=Staff.id,
        is_descending=sort.is_descending,
    ).part(session, after=after, most=most)
    rows = _states(session, _with_seen().where(Staff.id.in_(part.places)))
    found = {each.person.id: each for each in rows}
    return AccountPage(accounts=tuple(found[id_] for id_ in part.places), part=part)


def account(session: Session, staff_id: int) -> AccountState:
    """One of them; raises NotFound."""
    found = _states(session, _with_seen().where(Staff.id == staff_id))
    if not found:
        raise NotFound
    return found[0]


def _with_seen() -> Select[Staff, datetime]:
    """Accounts, with the time at which they were seen last."""
    return select(Staff, _seen_at())


def _seen_at() -> ScalarSelect[datetime]:
    return (
        select(func.max(StaffSession.seen_at))
        .where(StaffSession.staff_id == Staff.id)
        .correlate(Staff)
        .scalar_subquery()
    )


def _states(session: Session, query: Select[Staff, datetime]) -> list[AccountState]:
    found = []
    for row, last in session.execute(query):
        person = _member(row)
        assert person is not None
        found.append(AccountState(person=person, seen_at=last))
    return found


def with_passkeys_alone(session: Session) -> int:
    """How many open accounts have passkeys and no app."""
    return (
        session.scalar(
            select(func.count()).where(
                Staff.disabled.is_(False), Staff.passkeys > 0, Staff.totp_sealed.is_(None)
            )
        )
        or 0
    )


def anyone(session: Session) -> bool:
    """True once somebody has finished their set-up."""
    found = session.scalar(select(Staff.id).where(Staff.password_hash.is_not(None)).limit(1))
    return found is not None


def invite(session: Session, *, email: str, token: str, expires_at: datetime, at: datetime) -> int:
    """Make the account if it is new, and remember the link's token; the account's id."""
    staff = _row(session, email)
    if staff is None:
        staff = Staff(email=email, created_at=at)
        session.add(staff)
    session.flush()
    add_link(session, staff.id, token, LinkPurpose.SET_UP, expires_at=expires_at)
    return staff.id


def add_link(
    session: Session, staff_id: int, token: str, purpose: LinkPurpose, *, expires_at: datetime
) -> None:
    """Remember a one-time link; earlier ones of its kind that nobody used are worth nothing now."""
    session.execute(
        delete(StaffInvite).where(
            StaffInvite.staff_id == staff_id,
            StaffInvite.purpose == purpose,
            StaffInvite.used_at.is_(None),
        )
    )
    session.add(
        StaffInvite(
            staff_id=staff_id, token_sha256=digest(token), purpose=purpose, expires_at=expires_at
        )
    )


def invited(
    session: Session, token: str, purpose: LinkPurpose = LinkPurpose.SET_UP, *, at: datetime
) -> StaffMember | None:
    """Whose link it is, while it is good for that: unused, not too old, of an open account."""
    return _member(
        session.scalar(
            select(Staff)
            .join(StaffInvite, StaffInvite.staff_id == Staff.id)
            .where(*_is_good(token, purpose, at), Staff.disabled.is_(False))
        )
    )


def _is_good(token: str, purpose: LinkPurpose, at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        StaffInvite.token_sha256 == digest(token),
        StaffInvite.purpose == purpose,
        StaffInvite.used_at.is_(None),
        StaffInvite.expires_at > at,
    )


def use_link(
    session: Session, token: str, purpose: LinkPurpose, *, at: datetime
) -> StaffMember | None:
    """Spend the link; None when it was spent or too old, or the account is closed.

    The UPDATE decides: the same link may be opened twice at once.
    """
    staff_id = session.scalar(
        update(StaffInvite)
        .where(*_is_good(token, purpose, at))
        .values(used_at=at)
        .returning(StaffInvite.staff_id)
        .execution_options(synchronize_session=False)
    )
    staff = None if staff_id is None else session.get_one(Staff, staff_id)
    return None if staff is None or staff.disabled else _member(staff)


def use_invite(
    session: Session, token: str, *, password_hash: str, at: datetime
) -> StaffMember | None:
    """Spend the link and set the password; None when it was spent or too old.

    Sessions that were open under an earlier password end. A second factor stays.
    """
    person = use_link(session, token, LinkPurpose.SET_UP, at=at)
    if person is None:
        return None
    revoke_all(session, person.id, at=at)
    session.get_one(Staff, person.id).password_hash = password_hash
    return person


def delete_links(session: Session, staff_id: int) -> None:
    """No link of this account is worth anything from now on."""
    session.execute(delete(StaffInvite).where(StaffInvite.staff_id == staff_id))


def open_session(
    session: Session,
    staff_id: int,
    token: str,
    *,
    enrols_until: datetime | None = None,
    at: datetime,
) -> None:
    """A session that has given its password, and has the second factor before it."""
    session.add(
        StaffSession(
            staff_id=staff_id,
            token_sha256=digest(token),
            created_at=at,
            seen_at=at,
            enrols_until=enrols_until,
        )
    )


def of_session(
    session: Session, token: str, *, at: datetime, life: timedelta, idle: timedelta, half: timedelta
) -> OpenSession | None:
    """The session with this token: not revoked, not too old, not idle, of an open account.

    `half` is how long one lives that has not given its second factor.
    """
    row = session.execute(
        _of_token(), {"token": digest(token), **_oldest(at, life=life, idle=idle, half=half)}
    ).first()
    if row is None:
        return None
    person = _member(row[0])
    assert person is not None
    return OpenSession(
        person=person,
        second_factor_at=row[1].second_factor_at,
        enrols_until=row[1].enrols_until,
        seen_at=row[1].seen_at,
    )


@cache
def _of_token() -> Select[Staff, StaffSession]:
    """It is asked with each of their requests."""
    return (
        select(Staff, StaffSession)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(
            StaffSession.token_sha256 == bindparam("token"), *_alive(), Staff.disabled.is_(False)
        )
    )


def pass_second_factor(session: Session, token: str, new_token: str, *, at: datetime) -> bool:
    """The session has given it now, under a new token; False when it ended meanwhile.

    Its age stays what it was. Whoever knew the old token knows nothing any more.
    """
    passed = session.execute(
        update(StaffSession)
        .where(StaffSession.token_sha256 == digest(token), StaffSession.revoked_at.is_(None))
        .values(token_sha256=digest(new_token), second_factor_at=at, enrols_until=None)
        .returning(StaffSession.id)
        .execution_options(synchronize_session=False)
    )
    return passed.first() is not None


def let_enrol(session: Session, token: str, *, until: datetime) -> None:
    """This session may set up another second factor, until then."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.token_sha256 == digest(token), StaffSession.revoked_at.is_(None))
        .values(enrols_until=until)
    )


def set_language(session: Session, staff_id: int, code: str) -> None:
    """In which letters to them are written."""
    session.execute(update(Staff).where(Staff.id == staff_id).values(language=code))


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


def revoke_others(session: Session, staff_id: int, token: str, *, at: datetime) -> None:
    """All sessions of the account but the one with this token."""
    session.execute(
        update(StaffSession)
        .where(
            StaffSession.staff_id == staff_id,
            StaffSession.revoked_at.is_(None),
            StaffSession.token_sha256 != digest(token),
        )
        .values(revoked_at=at)
    )


def disable(session: Session, staff_id: int) -> None:
    """From now on this account opens nothing."""
    session.execute(update(Staff).where(Staff.id == staff_id).values(disabled=True))


def revoke_everybody(session: Session, *, at: datetime) -> None:
    """End every session of everybody."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.revoked_at.is_(None))
        .values(revoked_at=at)
        .execution_options(synchronize_session=False)
    )


def revoke_links(session: Session, *, at: datetime) -> None:
    """No one-time link that was not used works any more."""
    session.execute(
        update(StaffInvite)
        .where(*_good(at))
        .values(expires_at=at)
        .execution_options(synchronize_session=False)
    )


def count_links(session: Session, *, at: datetime) -> int:
    """How many work."""
    return session.scalar(select(func.count()).where(*_good(at))) or 0


def _good(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (StaffInvite.used_at.is_(None), StaffInvite.expires_at > at)


def count_sessions(
    session: Session, *, at: datetime, life: timedelta, idle: timedelta, half: timedelta
) -> int:
    """How many open something, as `of_session` has it."""
    query = select(func.count()).where(*_alive())
    return session.scalar(query, _oldest(at, life=life, idle=idle, half=half)) or 0


def _alive() -> tuple[ColumnElement[bool], ...]:
    """With what `_oldest` says."""
    return (
        StaffSession.revoked_at.is_(None),
        StaffSession.created_at > bindparam("oldest"),
        StaffSession.seen_at > bindparam("idle_since"),
        or_(
            StaffSession.second_factor_at.is_not(None),
            StaffSession.created_at > bindparam("half_since"),
        ),
    )


def _oldest(
    at: datetime, *, life: timedelta, idle: timedelta, half: timedelta
) -> dict[str, datetime]:
    return {"oldest": at - life, "idle_since": at - idle, "half_since": at - half}

"""Signing in of staff: few tries a minute, and yet nobody can keep an account's owner out.

Only tries that were judged are counted. For each account they take one of a few places, which is
free again a minute later:

- A device that has signed in before has five places of its own, whatever others try.
- All other devices share five. When four are taken, the fifth is for a sender who has not had it
  today. Every sender can have it once a day, so a thousand of them can keep a new device waiting
  for a thousand minutes, and not for good; ten of them, for ten.

An address without an account goes the same way, so that nobody learns which ones there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import digest
from math import ceil
from typing import Final

from petition.domain.abuse.actions import Action
from petition.errors import PetitionError
from petition.services.abuse import limits
from petition.services.abuse.limits import LimitResult, Sender
from petition.services.staff import accounts as services_accounts
from petition.store.db import Session
from petition.store.staff import accounts as store_accounts, audit, sign_ins
from petition.store.staff.sign_ins import NOBODY, Refusals

TRIES_A_MINUTE: Final = 5
A_MINUTE: Final = timedelta(minutes=1)
ALL: Final = range(TRIES_A_MINUTE)
SHARED: Final = ALL[:-1]
ONCE_A_DAY: Final = ALL[-1:]
"""The place that a sender can have once a day."""
DEVICE_LIFE: Final = timedelta(days=180)
"""A device that did not sign in for so long is a stranger again."""
SHOWN_FOR: Final = timedelta(days=30)
KEPT_FOR: Final = timedelta(days=90)
"""Numbers of wrong tries."""

_NEWCOMER: Final = b"any account of staff"
_SALT: Final = b"petition.sign-in"
_PASSWORD: Final = b""
_CODE: Final = b"code\0"  # no address holds this character


class TooManyTries(PetitionError):
    """Too many tries for this account. Please wait a little and try again."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.seconds = max(1, ceil(wait.total_seconds()))
        """Until the next place is free."""


class TooManyFromSender(PetitionError):
    """Too many tries of this sender. Please wait and try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True)
class Try:
    """Somebody types an address; their browser may bring a device's secret."""

    email: str
    device: str
    sender: Sender
    account: bytes
    """Keyed hash of the address: an account that there is and one that there is not look alike."""
    own: bytes
    """The same of the device's secret."""


def new_try(secret_key: str, email: str, device: str, sender: Sender) -> Try:
    """A try of a password."""
    return _new_try(secret_key, _PASSWORD, email, device, sender)


def new_code_try(secret_key: str, email: str, device: str, sender: Sender) -> Try:
    """A try of a second factor. It has places of its own, by the same rule."""
    return _new_try(secret_key, _CODE, email, device, sender)


def _new_try(secret_key: str, what: bytes, email: str, device: str, sender: Sender) -> Try:
    key = digest(secret_key.encode(), _SALT, sha256)
    return Try(
        email=email,
        device=device,
        sender=sender,
        account=digest(key, what + email.encode(), sha256)[:16],
        own=sha256(b"device\0" + what + device.encode()).digest()[:16],
    )


def count_sender(session: Session, each: Try, *, at: datetime) -> LimitResult:
    """Count the try by who sends it, judged or not. Commit it either way."""
    return limits.count(session, each.sender, Action.STAFF_SIGN_IN, at=at)


def is_newcomer(session: Session, each: Try) -> bool:
    """Whether this sender was never let in as a newcomer today. A look, which changes nothing."""
    return each.sender.hash is None or not limits.has_tried(session, each.sender, _NEWCOMER)


def _is_first(session: Session, each: Try, subject: bytes) -> bool:
    """Where senders are hidden, every try is as good as a first one."""
    return each.sender.hash is None or limits.is_first_try(session, each.sender, subject)


def is_known(session: Session, each: Try, *, at: datetime) -> bool:
    """Whether this device has signed in to this account before."""
    return bool(each.device) and sign_ins.is_device(
        session, each.email, each.device, since=at - DEVICE_LIFE
    )


def check_room(session: Session, each: Try, *, known: bool, at: datetime) -> None:
    """Raises TooManyTries where no place is free for anybody. A look, which changes nothing."""
    free = sign_ins.next_free(session, each.account, ALL, at=at, within=A_MINUTE)
    if known:
        own = sign_ins.next_free(session, each.own, ALL, at=at, within=A_MINUTE)
        free = min(free, own)
    if free > at:
        raise TooManyTries(free - at)


def take_place(
    session: Session, each: Try, *, known: bool, newcomer: bool = False, at: datetime
) -> str | None:
    """From now on this try counts; the hash to hold the password against.

    None: unknown, disabled and not set up are alike. Raises TooManyTries when all places are taken:
    then nothing must be committed, for a try that is not judged does not count.
    """
    if newcomer:
        _is_first(session, each, _NEWCOMER)  # only once
    count_try(session, each, known=known, at=at)
    person = store_accounts.by_email(session, each.email)
    return None if person is None or person.disabled else person.password_hash


def count_try(session: Session, each: Try, *, known: bool, at: datetime) -> None:
    """From now on this try counts. Raises TooManyTries as take_place does."""
    if not (
        (known and _take(session, each.own, ALL, at))
        or _take(session, each.account, SHARED, at)
        or (_take(session, each.account, ONCE_A_DAY, at) and _is_first(session, each, each.account))
    ):
        free = sign_ins.next_free(session, each.account, SHARED, at=at, within=A_MINUTE)
        raise TooManyTries(free - at)


def _take(session: Session, subject: bytes, places: range, at: datetime) -> bool:
    return sign_ins.take_place(session, subject, places, at=at, within=A_MINUTE)


def refuse(session: Session, each: Try, *, at: datetime) -> None:
    """The password was wrong. Only a number is kept: what a stranger typed stands nowhere."""
    person = store_accounts.by_email(session, each.email)
    sign_ins.count_refusal(session, NOBODY if person is None else person.id, at=at)


def enter(session: Session, each: Try, *, at: datetime) -> str | None:
    """The password was right: the token of a session that has the second factor before it.

    None when the account was closed meanwhile.
    """
    person = store_accounts.by_email(session, each.email)
    if person is None or person.disabled:
        return None
    audit.note(session, who=person.email, action="password", outcome="done", at=at)
    return services_accounts.begin(session, person.id, at=at)


def refusals(session: Session, staff_id: int, *, at: datetime) -> Refusals:
    """How often somebody typed a wrong password for this account lately."""
    return sign_ins.refusals(session, staff_id, since=at - SHOWN_FOR)


def delete_old(session: Session, *, at: datetime) -> int:
    """Delete what is too old to be of use; how many rows."""
    return sign_ins.delete_old(session, refused_before=at - KEPT_FOR, seen_before=at - DEVICE_LIFE)

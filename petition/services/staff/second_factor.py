"""The second factor of staff: setting it up, giving it, and what a session may do with it.

A session is opened by a password and opens nothing. A code from the account's app, one of its
passkeys, or one of its recovery codes makes it a whole one, under a new token. Each code works
once: the database decides.
Wrong codes are limited as passwords are (signing_in), and by the day: whoever has the password must
not guess the rest. A browser that has signed in before is not held up by what others try.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from petition.domain.letters import letter as letters
from petition.domain.letters.recipient import Recipient
from petition.domain.staff import second_factor as factors
from petition.domain.staff.audit_actions import AuditAction
from petition.errors import PetitionError
from petition.services.staff import passkeys as services_passkeys, signing_in
from petition.services.staff.passkeys import Answer
from petition.services.staff.signing_in import Try
from petition.store.db import Session
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.staff import accounts, audit, passkeys, second_factors, sign_ins
from petition.store.staff.accounts import OpenSession, StaffMember
from petition.store.vault.vault import Vault

A_DAY: Final = timedelta(days=1)
DEVICES: Final = 20
"""How many devices of an account are known at once; the one that was away longest goes first."""


class TooManyCodes(PetitionError):
    """Too many wrong codes for this account today. A recovery code, or a known browser, works."""


class NotYours(PetitionError):
    """The account has a second factor, or this session may not set another one up."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The two secrets of a browser that has just signed in."""

    token: str
    """Of the session."""
    device: str
    """It opens nothing: tries to sign in that bring it have a count of their own."""


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """A second factor has been set up."""

    signed_in: SignedIn
    recovery_codes: list[str]
    """Shown now and never again: only their keyed hashes are kept. None where those stay."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A browser with an open session types a code, or shows a passkey."""

    opened: OpenSession
    token: str
    """Of the session."""
    device: str
    code: str
    """As `factors.typed` reads it."""
    language: str
    """Of the browser: letters to this person are written in it."""
    passkey: Answer | None = None
    """Instead of the code."""


# --- setting it up --------------------------------------------------------------------------------


def may_enrol(opened: OpenSession, *, at: datetime) -> bool:
    """Who has no second factor yet, and who was let set up another one."""
    until = opened.enrols_until
    return not opened.person.has_second_factor or (until is not None and at < until)


def offered_secret(vault: Vault, token: str) -> bytes:
    """The secret that this session may set up: always the same, so that looking stores nothing."""
    return vault.factor_mac(b"offered" + token.encode())[: factors.SECRET_LENGTH]


def enrol(session: Session, vault: Vault, given: Given, *, at: datetime) -> Enrolled | None:
    """Keep the secret that the session was offered, once its app has shown a code of it.

    None for a wrong code. Raises NotYours. All other sessions of the account end.
    """
    if not may_enrol(given.opened, at=at):
        raise NotYours
    person, secret = given.opened.person, offered_secret(vault, given.token)
    step = factors.matching_step(secret, given.code, at=at)
    if step is None:
        return None
    second_factors.lock(session, person.id)
    if _has_lost_all(given.opened):
        passkeys.remove_all(session, person.id)
    keep = second_factors.replace if given.opened.enrols_until else second_factors.set_first
    if not keep(session, person.id, vault.seal_factor(secret, person.id), step, at=at):
        raise NotYours
    signed_in = _has_new(session, given, AuditAction.SECOND_FACTOR_SET_UP, at=at)
    return Enrolled(signed_in=signed_in, recovery_codes=_renew_codes(session, vault, person))


def enrol_passkey(
    session: Session, vault: Vault, given: Given, answer: Answer, *, at: datetime
) -> Enrolled | None:
    """Keep a passkey: as the first factor, beside the others, or instead of all that were lost.

    None for a wrong answer; commit it either way. Raises NotYours. All other sessions of the
    account end. Beside others, the recovery codes stay.
    """
    if not may_enrol(given.opened, at=at):
        raise NotYours
    person = given.opened.person
    second_factors.lock(session, person.id)
    new = services_passkeys.made(session, answer, given.token, at=at)
    if new is None:
        return None
    if _has_lost_all(given.opened):
        keep = passkeys.replace_all
    else:
        keep = passkeys.add if given.opened.enrols_until else passkeys.add_first
    if not keep(session, person.id, new, at=at):
        raise NotYours
    signed_in = _has_new(session, given, AuditAction.PASSKEY_ADDED, at=at)
    is_beside = given.opened.second_factor_at is not None
    codes = [] if is_beside else _renew_codes(session, vault, person)
    return Enrolled(signed_in=signed_in, recovery_codes=codes)


def _has_lost_all(opened: OpenSession) -> bool:
    """Here by a link for a lost factor: what the account had is worth nothing from now on."""
    return opened.enrols_until is not None and opened.second_factor_at is None


def _has_new(session: Session, given: Given, action: AuditAction, *, at: datetime) -> SignedIn:
    """A new factor is kept: this session is a whole one, all others end, a letter tells."""
    person = given.opened.person
    sign_ins.delete_devices(session, person.id)
    signed_in = _pass(session, given, at=at)
    if signed_in is None:  # the form was sent twice, and the other one came first
        raise NotYours
    accounts.revoke_others(session, person.id, signed_in.token, at=at)
    audit.note(session, who=person.email, action=action, outcome="done", at=at)
    tell(session, person, letters.NEW_FACTOR, at=at)
    return signed_in


def let_replace(session: Session, token: str, *, at: datetime) -> None:
    """Who has just given a factor may move to another app, or add a passkey."""
    accounts.let_enrol(session, token, until=at + factors.ENROL_WITHIN)


def new_recovery_codes(
    session: Session, vault: Vault, person: StaffMember, *, at: datetime
) -> list[str]:
    """Ten others; those from before are worth nothing."""
    codes = _renew_codes(session, vault, person)
    audit.note(session, who=person.email, action="recovery codes", outcome="done", at=at)
    return codes


def _renew_codes(session: Session, vault: Vault, person: StaffMember) -> list[str]:
    codes = factors.new_recovery_codes()
    second_factors.set_recovery_codes(
        session, person.id, [_mac(vault, person, code) for code in codes]
    )
    return [factors.shown(code) for code in codes]


def _mac(vault: Vault, person: StaffMember, recovery_code: str) -> bytes:
    return vault.factor_mac(b"recovery%d-" % person.id + recovery_code.encode())


# --- giving it ------------------------------------------------------------------------------------


def is_fresh(opened: OpenSession, *, at: datetime) -> bool:
    """Whether it was given so lately that it is good for what weighs most."""
    given_at = opened.second_factor_at
    return given_at is not None and given_at > at - factors.FRESH_FOR


def give(
    session: Session, vault: Vault, given: Given, each: Try, *, at: datetime
) -> SignedIn | None:
    """Judge a code or a passkey; None where it is wrong. Commit it either way.

    Raises TooManyTries and TooManyCodes: then nothing must be committed, for it was not judged.
    """
    person = given.opened.person
    known = signing_in.is_known(session, each, at=at)
    signing_in.count_try(session, each, known=known, at=at)
    if given.passkey is not None:
        right = _use_passkey(session, given, given.passkey, at=at)
        what = AuditAction.PASSKEY
    elif factors.is_from_app(given.code):
        right = _use_app_code(session, vault, given, known=known, at=at)
        what = AuditAction.CODE
    else:
        mac = _mac(vault, person, given.code)
        right = second_factors.use_recovery_code(session, person.id, mac, at=at)
        what = AuditAction.RECOVERY_CODE
    outcome = "done" if right else "refused"
    audit.note(session, who=person.email, action=what, outcome=outcome, at=at)
    if right:
        return _pass(session, given, at=at)
    if known:
        most = factors.DEVICE_CODES
        second_factors.count_wrong_on_device(session, person.id, each.device, most=most)
    return None


def _use_app_code(
    session: Session, vault: Vault, given: Given, *, known: bool, at: datetime
) -> bool:
    """It is counted before it is judged, so that many at once are no more than the limit."""
    person = given.opened.person
    most = None if known else factors.CODES_A_DAY
    tried = second_factors.count_try(session, person.id, most=most, at=at, within=A_DAY)
    if tried is None:
        raise TooManyCodes
    sealed = second_factors.sealed(session, person.id)
    step = None
    if sealed is not None:
        step = factors.matching_step(vault.open_factor(sealed, person.id), given.code, at=at)
    if step is not None and second_factors.use_step(session, person.id, step):
        second_factors.uncount_try(session, person.id)
        return True
    _warn(session, person, tried, at=at)
    return False


def _use_passkey(session: Session, given: Given, answer: Answer, *, at: datetime) -> bool:
    """Wrong ones are counted with the codes, and have no limit by the day: nobody guesses one."""
    person = given.opened.person
    tried = second_factors.count_try(session, person.id, most=None, at=at, within=A_DAY)
    if services_passkeys.use(session, answer, person, given.token, at=at):
        second_factors.uncount_try(session, person.id)
        return True
    _warn(session, person, tried, at=at)
    return False


def _warn(session: Session, person: StaffMember, tried: int | None, *, at: datetime) -> None:
    if tried == factors.WARN_AFTER:
        tell(session, person, letters.WRONG_CODES, at=at)


def _pass(session: Session, given: Given, *, at: datetime) -> SignedIn | None:
    """The session is a whole one now, on this device: known from now on, or for longer.

    None where the session ended meanwhile.
    """
    person, token = given.opened.person, secrets.token_urlsafe(32)
    if not accounts.pass_second_factor(session, given.token, token, at=at):
        return None
    accounts.set_language(session, person.id, given.language)
    device = given.device
    if not sign_ins.see_device(session, person.id, device, at=at):
        device = secrets.token_urlsafe(32)  # never one that somebody else could have planted
        sign_ins.add_device(session, person.id, device, most=DEVICES, at=at)
    if given.opened.second_factor_at is None:
        audit.note(session, who=person.email, action="sign in", outcome="done", at=at)
    return SignedIn(token=token, device=device)


def tell(session: Session, person: StaffMember, kind: letters.LetterKind, *, at: datetime) -> None:
    """By letter, so that they learn of what somebody else may have done in their name."""
    outbox.enqueue(session, [NewLetter(kind=kind, to=Recipient.staff(person.id), due_at=at)])

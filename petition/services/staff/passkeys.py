"""Passkeys of staff: what a session's next one is to sign, and whether it has signed it.

A challenge is random, kept with the session, good for five minutes, and taken before the answer is
judged: right or wrong, it never comes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from petition.domain.staff import passkeys as domain
from petition.domain.staff.passkeys import CHALLENGE_LIFE, NewPasskey, RelyingParty
from petition.store.db import Session
from petition.store.staff import passkeys
from petition.store.staff.accounts import StaffMember
from petition.store.vault.vault import Vault


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a browser sent for a challenge."""

    party: RelyingParty
    text: str
    """As its script wrote it, or whatever a stranger did."""


def ask_for_new(
    session: Session,
    vault: Vault,
    party: RelyingParty,
    person: StaffMember,
    token: str,
    *,
    issuer: str,
    at: datetime,
) -> str:
    """What the browser of this session is asked for that makes a new one, as JSON."""
    return domain.creation_options(
        party,
        _challenge(session, token, at=at),
        user_id=vault.factor_mac(b"passkeys of %d" % person.id),
        email=person.email,
        issuer=issuer,
        known=_known(session, person),
    )


def ask(
    session: Session, party: RelyingParty, person: StaffMember, token: str, *, at: datetime
) -> str:
    """What the browser of this session is asked for that shows one, as JSON."""
    challenge = _challenge(session, token, at=at)
    return domain.request_options(party, challenge, known=_known(session, person))


def _known(session: Session, person: StaffMember) -> list[bytes]:
    return [each.credential_id for each in passkeys.of(session, person.id)]


def _challenge(session: Session, token: str, *, at: datetime) -> bytes:
    challenge = domain.new_challenge()
    passkeys.set_challenge(session, token, challenge, until=at + CHALLENGE_LIFE)
    return challenge


def made(session: Session, answer: Answer, token: str, *, at: datetime) -> NewPasskey | None:
    """The new passkey; None where the answer is not right."""
    challenge = passkeys.take_challenge(session, token, at=at)
    return None if challenge is None else domain.created(answer.party, challenge, answer.text)


def use(session: Session, answer: Answer, person: StaffMember, token: str, *, at: datetime) -> bool:
    """Whether it is right, and by a passkey of this account, which has signed once more."""
    challenge = passkeys.take_challenge(session, token, at=at)
    credential_id = domain.shown(answer.text)
    if challenge is None or credential_id is None:
        return False
    found = passkeys.find(session, person.id, credential_id)
    if found is None:
        return False
    sign_count = domain.sign_count_of(
        answer.party,
        challenge,
        answer.text,
        public_key=found.public_key,
        sign_count=found.sign_count,
    )
    return sign_count is not None and passkeys.use(session, found, sign_count, at=at)

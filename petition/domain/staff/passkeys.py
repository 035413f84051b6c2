"""Passkeys: what a browser is asked for, and whether what it answers is right.

`webauthn`, an optional package, knows the format. Without it there are no passkeys, and all else is
as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

AVAILABLE = find_spec("webauthn") is not None
"""Whether the package is there. A twentieth of a start, it is imported where it is used."""

CHALLENGE_LIFE: Final = timedelta(minutes=5)
CHALLENGE_LENGTH: Final = 32
MOST: Final = 10
"""Of one account."""
LONGEST_ID: Final = 1023
"""Bytes, as the standard has it."""
_LONGEST_ANSWER: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class RelyingParty:
    """For whom passkeys are made: an answer that was given to another address is worth nothing."""

    id: str
    """The host."""
    origin: str


@dataclass(frozen=True, kw_only=True)
class NewPasskey:
    """What is kept of a passkey: nothing of it is secret."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def relying_party(base_url: str) -> RelyingParty | None:
    """By the public address. None where browsers make no passkeys, or the package is not there.

    They make them for a host with a name, by https; at one's own machine, for `localhost`.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if not AVAILABLE or _is_number(host) or not (parts.scheme == "https" or host == "localhost"):
        return None
    return RelyingParty(id=host, origin=base_url)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def new_challenge() -> bytes:
    return secrets.token_bytes(CHALLENGE_LENGTH)


def creation_options(
    party: RelyingParty,
    challenge: bytes,
    *,
    user_id: bytes,
    email: str,
    issuer: str,
    known: Iterable[bytes],
) -> str:
    """What a browser is asked for that makes a new one, as JSON.

    `known` are those that the account has: a device that keeps one of them makes no second one.
    Nobody asks which make of device it is.
    """
    import webauthn  # noqa: PLC0415  # see AVAILABLE
    from webauthn.helpers import options_to_json, structs  # noqa: PLC0415

    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=issuer,
        user_id=user_id,
        user_name=email,
        challenge=challenge,
        timeout=_milliseconds(CHALLENGE_LIFE),
        attestation=structs.AttestationConveyancePreference.NONE,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return str(options_to_json(options))


def request_options(party: RelyingParty, challenge: bytes, *, known: Iterable[bytes]) -> str:
    """What a browser is asked for that shows one of those that the account has, as JSON."""
    import webauthn  # noqa: PLC0415  # see AVAILABLE
    from webauthn.helpers import options_to_json, structs  # noqa: PLC0415

    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=_milliseconds(CHALLENGE_LIFE),
        allow_credentials=[structs.PublicKeyCredentialDescriptor(id=each) for each in known],
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return str(options_to_json(options))


def _milliseconds(time: timedelta) -> int:
    return time // timedelta(milliseconds=1)


def created(party: RelyingParty, challenge: bytes, answer: str) -> NewPasskey | None:
    """The passkey that a browser made for this challenge; None where the answer is not right."""
    import webauthn  # noqa: PLC0415  # see AVAILABLE
    from webauthn.helpers import (  # noqa: PLC0415
        decode_credential_public_key,
        decoded_public_key_to_cryptography,
    )

    if len(answer) > _LONGEST_ANSWER:
        return None
    try:
        done = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
        # One that could never be used must not become somebody's only way in.
        decoded_public_key_to_cryptography(decode_credential_public_key(done.credential_public_key))
    except Exception:  # whatever a stranger's bytes cause: there is no one error for all of it
        return None
    if len(done.credential_id) > LONGEST_ID:
        return None
    return NewPasskey(
        credential_id=done.credential_id,
        public_key=done.credential_public_key,
        sign_count=done.sign_count,
    )


def shown(answer: str) -> bytes | None:
    """The id of the passkey that an answer is by, right or not; None for what is no answer."""
    from webauthn.helpers import (  # noqa: PLC0415  # see AVAILABLE
        parse_authentication_credential_json,
    )

    if len(answer) > _LONGEST_ANSWER:
        return None
    try:
        return bytes(parse_authentication_credential_json(answer).raw_id)
    except Exception:  # as above
        return None


def sign_count_of(
    party: RelyingParty, challenge: bytes, answer: str, *, public_key: bytes, sign_count: int
) -> int | None:
    """Where its counter stands now; None where the answer is not right.

    It is right for this challenge, from our own address, signed with that key after the device
    has asked for finger, face or PIN, and with a counter that went on (or that the device has not).
    """
    import webauthn  # noqa: PLC0415  # see AVAILABLE

    try:
        done = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except Exception:  # as above
        return None
    return int(done.new_sign_count)

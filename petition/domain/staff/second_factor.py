"""The second factor: codes from an app, codes for when there is none, and how long it holds."""

from __future__ import annotations

import base64
import secrets
import unicodedata
from datetime import datetime, timedelta
from typing import Final

import pyotp

from petition.domain.signatures.invisible_characters import without_marks

DIGITS: Final = 6
SECRET_LENGTH: Final = 20
"""Bytes: 160 bits, as RFC 4226 has it."""
DRIFT: Final = 1
"""Half minutes that a phone's clock may be early or late."""
FRESH_FOR: Final = timedelta(minutes=15)
"""What weighs most asks for a code again, when the last one is older than this."""
ENROL_WITHIN: Final = timedelta(minutes=30)
"""Of a password, or of a link for a lost factor: then it must be typed again."""
RECOVERY_CODES: Final = 10
CODES_A_DAY: Final = 30
"""From browsers that have not signed in before, for one account: a chance of 1 in 10,000 to guess
one, for whoever has the password."""
WARN_AFTER: Final = 5
"""Wrong codes of a day: then a letter says that somebody may have the password."""
DEVICE_CODES: Final = 10
"""Wrong codes in a row that make a known browser a stranger again."""

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what looks like something else: no 0 and o, no 1, i and l."""
_HALF: Final = 5
_LONGEST_TYPED: Final = 100


def typed(text: str) -> str:
    """What somebody typed or pasted, as a code of either kind would be written.

    Blanks, dashes, capitals, full-width letters and the digits of every script make no difference.
    """
    if len(text) > _LONGEST_TYPED:
        return ""
    plain = unicodedata.normalize("NFKC", without_marks(text)).lower()
    return "".join(_ascii_digit(letter) for letter in plain if letter.isalnum())


def _ascii_digit(letter: str) -> str:
    digit = unicodedata.digit(letter, None)
    return letter if digit is None else str(digit)


def is_from_app(code: str) -> bool:
    """Whether this looks like a code from an app, and not like one for recovery."""
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def matching_step(secret: bytes, code: str, *, at: datetime) -> int | None:
    """The half minute that the code belongs to; None where it is wrong or of another time."""
    try:
        return _app(secret).verify_and_get_timecode(code, for_time=at, valid_window=DRIFT)
    except pyotp.OTPVerificationError:
        return None


def code_at(secret: bytes, at: datetime) -> str:
    """What the app shows then."""
    return _app(secret).at(at)


def setup_link(secret: bytes, email: str, *, issuer: str) -> str:
    """What the square picture holds: an app reads it and then makes the codes."""
    return _app(secret).provisioning_uri(name=email, issuer_name=issuer)


def spelled(secret: bytes) -> str:
    """The secret in groups of four, for whoever types it into an app by hand."""
    text = _base32(secret)
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def secret_of(spelled: str) -> bytes:
    """The other way round."""
    return base64.b32decode(spelled.replace(" ", ""))


def _app(secret: bytes) -> pyotp.TOTP:
    return pyotp.TOTP(_base32(secret), digits=DIGITS)


def _base32(secret: bytes) -> str:
    return base64.b32encode(secret).decode()


def new_recovery_codes() -> list[str]:
    """Ten codes of 49 bits each, as they are typed."""
    return [
        "".join(secrets.choice(_ALPHABET) for _ in range(2 * _HALF)) for _ in range(RECOVERY_CODES)
    ]


def shown(recovery_code: str) -> str:
    """As the page shows it: `k7c2m-zqa5x`."""
    return f"{recovery_code[:_HALF]}-{recovery_code[_HALF:]}"

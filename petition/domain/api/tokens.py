"""Tokens of the API: what they look like, what they open, and for how long."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from petition.errors import PetitionError


class Scope(StrEnum):
    """What a token opens: of a partner's, always people who said yes to it, and no others."""

    SIGNATURES = "signatures:read"
    """Those who are confirmed now."""
    WITHDRAWALS = "withdrawals:read"
    """Who has to be taken off the list that this token, or this partner, has."""


MARK: Final = "ptk_"
"""Every token begins with it, so that scanners of published code know one."""
SHOWN: Final = len(MARK) + 8
"""So many characters are kept as they are, to tell tokens apart."""
DAYS: Final = 365
"""How long a token is good if nothing is said."""
MOST_DAYS: Final = 366
REQUESTS: Final = 600
"""That one token may make in an hour."""
AN_HOUR: Final = timedelta(hours=1)

_SHAPE: Final = re.compile(rf"{MARK}[A-Za-z0-9_-]{{43}}")


class TokenRefused(PetitionError):
    """A token opens at least one thing, for 1 to 366 days."""


def life(days: int) -> timedelta:
    """How long a token of so many days is good. Raises TokenRefused."""
    if not 0 < days <= MOST_DAYS:
        raise TokenRefused(f"a token is good for 1 to {MOST_DAYS} days")
    return timedelta(days=days)


def new_token() -> str:
    """A token that nobody can guess: 256 random bits behind the mark."""
    return f"{MARK}{secrets.token_urlsafe(32)}"


def shown_part(token: str) -> str:
    """What staff see of it."""
    return token[:SHOWN]


def hash_of(token: str) -> bytes:
    """What is kept of it. There is too much to guess for a slow hash to be of use."""
    return sha256(token.encode()).digest()


def is_one(text: str) -> bool:
    """Whether this has a token's shape: anything else asks no database."""
    return _SHAPE.fullmatch(text) is not None

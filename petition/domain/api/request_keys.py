"""Request keys: a program names its request, so that a second try does nothing twice.

What is kept of the key and of the body are hashes. Both are made with our secret key, and the
body's also with the program's own: nobody can try out bodies, and so addresses, on what is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import digest
from typing import Final

KEPT: Final = timedelta(hours=24)
"""For how long a request is remembered."""
GIVEN_UP: Final = timedelta(minutes=1)
"""A request that began longer ago and has no answer has none any more: its process is gone."""
SHORTEST: Final = 16
"""Characters: a shorter key could be guessed, and with it that somebody signed just now."""
LONGEST: Final = 128

PATTERN: Final = f"^[!-~]{{{SHORTEST},{LONGEST}}}$"
"""Visible ASCII, as a header carries it."""
_SHAPE: Final = re.compile(PATTERN)


class KeyState(StrEnum):
    """What is known of a request when it comes."""

    NEW = "new"
    RUNNING = "running"
    DONE = "done"
    OTHER_BODY = "other body"


@dataclass(frozen=True, kw_only=True)
class RequestKey:
    """A request as it is kept: nothing of the person, and nothing that can be tried out."""

    key: bytes = field(repr=False)
    body: bytes = field(repr=False)


def is_usable(text: str) -> bool:
    """Whether a program may name its request so."""
    return _SHAPE.fullmatch(text) is not None


def request_key(secret_key: str, *, owner: str, named: str, body: bytes) -> RequestKey:
    """The request of this owner (a partner's key, or what else is told apart)."""
    derived = digest(secret_key.encode(), b"petition.request-keys", sha256)
    own = digest(derived, f"{owner}\0{named}".encode(), sha256)
    return RequestKey(key=digest(own, b"key", sha256), body=digest(own, b"body" + body, sha256))

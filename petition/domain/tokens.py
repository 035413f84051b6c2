"""Signed tokens: form tickets and the links in letters; each bound to one purpose and dated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from itsdangerous import BadSignature, Signer

from petition.errors import TokenExpired, TokenRefused


class TokenPurpose(StrEnum):
    """What a token opens; one for something else is none."""

    CONFIRM = "confirm"
    TICKET = "ticket"
    FRAME_TICKET = "frame-ticket"
    LINK_TICKET = "link-ticket"
    PREVIEW_TICKET = "preview-ticket"
    MY = "my"
    UNSUBSCRIBE = "unsubscribe"
    STOP = "stop"
    ACCEPT = "accept"
    """A partner's person reads what is arranged, and accepts it."""


CONFIRM: Final = TokenPurpose.CONFIRM
TICKET: Final = TokenPurpose.TICKET
FRAME_TICKET: Final = TokenPurpose.FRAME_TICKET
LINK_TICKET: Final = TokenPurpose.LINK_TICKET
PREVIEW_TICKET: Final = TokenPurpose.PREVIEW_TICKET
MY: Final = TokenPurpose.MY
UNSUBSCRIBE: Final = TokenPurpose.UNSUBSCRIBE
STOP: Final = TokenPurpose.STOP
ACCEPT: Final = TokenPurpose.ACCEPT
PURPOSES: Final = tuple(TokenPurpose)

CONFIRM_LIFE: Final = timedelta(days=7)
TICKET_LIFE: Final = timedelta(hours=24)
MY_LIFE: Final = timedelta(days=7)
ACCEPT_LIFE: Final = timedelta(days=14)
STOP_LIFE: Final = timedelta(days=3650)
"""Of the links that end letters: they must work for as long as anybody keeps the letter."""


class Tokens:
    """Signs and reads tokens of the shape `value.expires.signature` (256-bit HMAC-SHA-256)."""

    def __init__(self, secret_key: str) -> None:
        self._signers: dict[str, Signer] = {
            purpose: Signer(
                secret_key, salt=f"petition.{purpose}", key_derivation="hmac", digest_method=sha256
            )
            for purpose in PURPOSES
        }

    def sign(self, purpose: str, value: str, *, expires: datetime) -> str:
        """A token for `value` (ASCII letters, digits and dashes) that lives until `expires`."""
        return self._signers[purpose].sign(f"{value}.{int(expires.timestamp()):x}").decode("ascii")

    def read(self, purpose: str, token: str, *, at: datetime) -> str:
        """The value; raises TokenRefused for a forged token, TokenExpired for an old one."""
        signer = self._signers[purpose]
        try:
            payload = signer.unsign(token.encode("ascii"))
            # Base64 has several spellings of the same bytes; only the one that we wrote is ours.
            if not compare_digest(signer.sign(payload), token.encode("ascii")):
                raise TokenRefused
            value, _, expires = payload.decode("ascii").rpartition(".")
            end = datetime.fromtimestamp(int(expires, 16), UTC)
        except (BadSignature, ValueError):
            raise TokenRefused from None
        if at >= end:
            raise TokenExpired
        return value

"""Signing by Standard Webhooks: HMAC-SHA256 (v1) or Ed25519 (v1a), over id, time and body."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from petition.domain.webhooks.event import Algorithm

SECRET_LENGTH: Final = 32
_PREFIX: Final = {Algorithm.HMAC: "whsec_", Algorithm.ED25519: "whpk_"}


def new_secret() -> bytes:
    """An HMAC key or an Ed25519 private key: both are so many random bytes."""
    return secrets.token_bytes(SECRET_LENGTH)


def shown_key(algorithm: Algorithm, secret: bytes) -> str:
    """What the receiver verifies with: the secret itself, or the public key."""
    if algorithm == Algorithm.ED25519:
        secret = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return _PREFIX[algorithm] + base64.b64encode(secret).decode()


def signatures(
    algorithm: Algorithm, keys: Iterable[bytes], *, message_id: str, timestamp: int, body: bytes
) -> str:
    """The header `webhook-signature`: one signature for each key, the newest first."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = (base64.b64encode(_signature(algorithm, key, signed)).decode() for key in keys)
    return " ".join(f"{algorithm},{each}" for each in made)


def _signature(algorithm: Algorithm, key: bytes, signed: bytes) -> bytes:
    if algorithm == Algorithm.ED25519:
        return Ed25519PrivateKey.from_private_bytes(key).sign(signed)
    return hmac.digest(key, signed, sha256)

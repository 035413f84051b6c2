"""References: what stands for a signature at one partner, and at no other.

A partner is to take somebody off its list, so it needs a name for them that stays the same. It is
no number of ours: those tell how many signed in between, and two partners could compare theirs.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from hmac import digest
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

LENGTH: Final = 26
"""Letters and digits of a reference."""

_NUMBER: Final = 8
_BLOCK: Final = 16
"""Bytes: zeros, then the number. Who guesses a reference would have to hit the zeros."""


def reference(key: bytes, partner: str, signature_id: int) -> str:
    """What stands for this signature at the partner with that key of its own.

    `key` is the ring's (`KeyRing.partners`). Nobody without it gets from a reference to the
    signature, or to another partner's reference.
    """
    block = signature_id.to_bytes(_NUMBER, "big").rjust(_BLOCK, b"\0")
    encryptor = _cipher(key, partner).encryptor()
    sealed = encryptor.update(block) + encryptor.finalize()
    return base64.b32encode(sealed).decode().rstrip("=").lower()


def signature_of(key: bytes, partner: str, reference: str) -> int | None:
    """The signature that this stands for at the partner; None where we never gave it out."""
    if len(reference) != LENGTH or not reference.isascii():
        return None
    try:
        sealed = base64.b32decode(f"{reference.upper()}======")
    except (binascii.Error, ValueError):
        return None
    decryptor = _cipher(key, partner).decryptor()
    block = decryptor.update(sealed) + decryptor.finalize()
    number = int.from_bytes(block[-_NUMBER:], "big")
    if any(block[:-_NUMBER]) or number >= 2**63:
        return None
    return number


def _cipher(key: bytes, partner: str) -> Cipher[modes.ECB]:
    """One block of its own for each signature, under a key of its own for each partner.

    With a single block there is nothing that a mode could chain.
    """
    own = digest(key, partner.encode(), sha256)
    return Cipher(algorithms.AES(own), modes.ECB())  # noqa: S305  # no block comes twice

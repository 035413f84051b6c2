"""Keys to sign emails with, made for the tests alone, and what verifies the signatures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from petition.dkim_keys import DkimKey

Lookup = Callable[..., bytes | None]


def pem(key: object) -> str:
    """As openssl writes it."""
    return key.private_bytes(  # type: ignore[attr-defined, no-any-return]
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


RSA = pem(generate_private_key(65537, 2048))
ED25519 = pem(Ed25519PrivateKey.generate())


def records(keys: Sequence[DkimKey], domain: str) -> Lookup:
    """The DNS, as dkimpy asks it."""
    published = {f"{key.host(domain)}.".encode(): key.record.encode() for key in keys}
    return lambda name, **_: published.get(name)


def verifies(content: bytes, place: int, lookup: Lookup) -> bool:
    """Whether the signature at that place, from the top, is right."""
    try:
        return bool(dkim.DKIM(content).verify(place, lookup))
    except dkim.DKIMException:
        return False

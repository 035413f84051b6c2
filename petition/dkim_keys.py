"""Keys that emails are signed with (DKIM, RFC 6376 and 8463), as settings give them.

`dkimpy`, an optional package, signs with them. Without it there must be no key.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from petition.errors import SettingError

KEY: Final = "PETITION_DKIM_KEY"
SELECTOR: Final = "PETITION_DKIM_SELECTOR"
LEAST_BITS: Final = 2048
"""Of an RSA key: receivers ignore much shorter ones (RFC 8301)."""
MOST_BITS: Final = 4096
_TAKES: Final = f"{KEY} takes a private key of RSA (2048 to 4096 bits), of Ed25519, or one of each"
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)
_SELECTOR: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9-]{1,63})*")


class Algorithm(StrEnum):
    """How emails are signed."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"


@dataclass(frozen=True, kw_only=True)
class DkimKey:
    """One key, with the name under which its public half is published."""

    selector: str
    algorithm: Algorithm
    secret: bytes = field(repr=False)
    """As dkimpy takes it: PEM of RSA, base64 of Ed25519."""
    public: str
    """As the record in the DNS has it (`p=`)."""

    def host(self, domain: str) -> str:
        """Where the public half is published."""
        return f"{self.selector}._domainkey.{domain}"

    @property
    def record(self) -> str:
        """What is published there."""
        kind = "rsa" if self.algorithm is Algorithm.RSA else "ed25519"
        return f"v=DKIM1; k={kind}; p={self.public}"


def read(key: str | None, selector: str | None) -> tuple[DkimKey, ...]:
    """The keys of the settings, none where none is given; raises SettingError."""
    if key is None and selector is None:
        return ()
    if key is None or selector is None:
        raise SettingError(f"{KEY} and {SELECTOR} are set together")
    blocks = [each.group() for each in _PEM.finditer(key)]
    names = [name.strip() for name in selector.lower().split(",")]
    if not all(map(_SELECTOR.fullmatch, names)):
        raise SettingError(
            f"{SELECTOR} takes a name such as 2027a, or one for each key: 2027a,2027b"
        )
    if len(names) != len(blocks) or len(set(names)) != len(names):
        raise SettingError(
            f"{SELECTOR} takes one name for each key: {KEY} has {len(blocks)} in PEM format"
        )
    keys = tuple(_read(*each) for each in zip(blocks, names, strict=True))
    if len({each.algorithm for each in keys}) != len(keys):
        raise SettingError(_TAKES)
    if find_spec("dkim") is None or find_spec("nacl") is None:
        raise SettingError(
            f'{KEY} needs dkimpy: install the extra "mail" (docs/hosts.md, "Signed emails")'
        )
    return keys


def _read(pem: str, selector: str) -> DkimKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError):  # TypeError: it asks for a password
        raise SettingError(f"{_TAKES}, in PEM format and without a password") from None
    if isinstance(key, RSAPrivateKey) and LEAST_BITS <= key.key_size <= MOST_BITS:
        return DkimKey(
            selector=selector,
            algorithm=Algorithm.RSA,
            secret=key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            ),
            public=_base64(
                key.public_key().public_bytes(
                    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
                )
            ),
        )
    if isinstance(key, Ed25519PrivateKey):
        return DkimKey(
            selector=selector,
            algorithm=Algorithm.ED25519,
            secret=_base64(key.private_bytes_raw()).encode(),
            public=_base64(key.public_key().public_bytes_raw()),
        )
    raise SettingError(_TAKES)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

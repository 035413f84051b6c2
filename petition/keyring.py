"""The key ring: which keys seal personal data, and the key of the address index."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

from petition.errors import SettingError

SHAPE = "index:KEY,1:KEY (each KEY 32 random bytes in URL-safe base64, newest number first)"


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """One index key and one or more numbered sealing keys; the highest number seals.

    Numbers are 1 to 65535. All keys are 32 bytes. The index key stays when sealing keys
    rotate, so that an address is found again whatever sealed it.
    """

    index: bytes
    sealing: dict[int, bytes]

    @property
    def current(self) -> int:
        return max(self.sealing)

    @property
    def audit(self) -> bytes:
        """The key of the audit log's chain: like the index key, the same whatever rotates."""
        return hmac.digest(self.index, b"petition.audit", sha256)

    @property
    def partners(self) -> bytes:
        """The key of the references that partners know signatures by: it never rotates, either."""
        return hmac.digest(self.index, b"petition.partners", sha256)

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Read `index:KEY,2:KEY,1:KEY`; raise SettingError when it is not that."""
        named: dict[str, bytes] = {}
        for part in text.replace("\n", ",").split(","):
            if not part.strip():
                continue
            name, _, value = part.strip().partition(":")
            if name in named:
                raise SettingError(f"PETITION_VAULT_KEY names key {name} twice")
            named[name] = _key(value)
        index = named.pop("index", None)
        numbers = [name for name in named if name.isascii() and name.isdigit()]
        sealing = {int(name): named[name] for name in numbers if 1 <= int(name) <= 65535}
        if index is None or not sealing or len(sealing) != len(named):
            raise SettingError(f"PETITION_VAULT_KEY takes {SHAPE}")
        return cls(index=index, sealing=sealing)

    @classmethod
    def generate_text(cls) -> str:
        """A new ring with one sealing key, as text."""
        return cls(index=secrets.token_bytes(32), sealing={1: secrets.token_bytes(32)}).as_text()

    def with_new_key(self) -> KeyRing:
        """The same ring with one more sealing key, which seals from now on."""
        return KeyRing(
            index=self.index, sealing={**self.sealing, self.current + 1: secrets.token_bytes(32)}
        )

    def as_text(self) -> str:
        keys = [("index", self.index)]
        keys += [(str(n), self.sealing[n]) for n in sorted(self.sealing, reverse=True)]
        return ",".join(f"{name}:{base64.urlsafe_b64encode(key).decode()}" for name, key in keys)


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise SettingError(f"PETITION_VAULT_KEY takes {SHAPE}")
    return key

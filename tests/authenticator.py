"""A device that keeps passkeys, as a browser and a security key together answer a page.

It does what it is told, also what no browser does: another address, another challenge, no finger.
"""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN: Final = "http://localhost"
_PRESENT, _VERIFIED, _NEW = 0x01, 0x04, 0x40
_SIZE: Final = 32


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Authenticator:
    """One device with one passkey. Its counter goes up with each signature, if it has one."""

    def __init__(self, *, counts: bool = True) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = sha256(str(id(self)).encode() + repr(self._point()).encode()).digest()
        self.count = 1 if counts else 0
        self._counts = counts

    def _point(self) -> tuple[bytes, bytes]:
        numbers = self._key.public_key().public_numbers()
        return numbers.x.to_bytes(_SIZE, "big"), numbers.y.to_bytes(_SIZE, "big")

    def create(self, options: str, **wrong: Any) -> str:
        """What the page's script sends for a new passkey."""
        asked = json.loads(options)
        x, y = self._point()
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        made = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + key
        data = self._data(asked["rp"]["id"], _NEW, **wrong) + made
        said = {
            "clientDataJSON": _text(self._client_data("webauthn.create", asked, **wrong)),
            "attestationObject": _text(
                cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
            ),
        }
        return self._written(said)

    def show(self, options: str, **wrong: Any) -> str:
        """What it sends for one that is shown."""
        asked = json.loads(options)
        if self._counts:
            self.count += 1
        client_data = self._client_data("webauthn.get", asked, **wrong)
        data = self._data(asked["rpId"], 0, **wrong)
        signed = self._key.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256()))
        said = {
            "clientDataJSON": _text(client_data),
            "authenticatorData": _text(data),
            "signature": _text(signed),
        }
        return self._written(said)

    def _written(self, response: dict[str, str]) -> str:
        own = _text(self.credential_id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": response})

    def _data(
        self, host: str, flags: int, *, verified: bool = True, rp_id: str = "", **_: Any
    ) -> bytes:
        flags |= _PRESENT | (_VERIFIED if verified else 0)
        hashed = sha256((rp_id or host).encode()).digest()
        return hashed + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client_data(
        self,
        kind: str,
        asked: dict[str, Any],
        *,
        origin: str = ORIGIN,
        challenge: str = "",
        as_kind: str = "",
        **_: Any,
    ) -> bytes:
        said = {
            "type": as_kind or kind,
            "challenge": challenge or asked["challenge"],
            "origin": origin,
            "crossOrigin": False,
        }
        return json.dumps(said).encode()

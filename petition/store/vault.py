"""The vault: seals personal data, and makes the keyed index that finds an address again.

AES-256-GCM with a random 96-bit nonce for each record; the record's id and key number are
authenticated with it, so that a sealed record moved to another row does not open. A database
without the key ring shows no name and no address, and no plain hash of one.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import threading
import time
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition.domain.supporter import Person
from petition.errors import SealBroken
from petition.keyring import KeyRing

NONCE = 12
LOOK_AGAIN = 5.0
"""Seconds between looks at the key file: a new key is taken up without a restart."""


class _EntryIds:
    """63-bit ids that grow with time: 41 bits of milliseconds since 1970, 22 random bits.

    Random, so that two links do not tell how many forms came between them. One process never
    draws an id twice. Two processes collide within one millisecond once in four million; the
    primary key then refuses the second form, whose sender is asked to try again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = 0
        self._drawn: set[int] = set()

    def __call__(self, at: datetime) -> int:
        millisecond = int(at.timestamp() * 1000)
        with self._lock:
            if millisecond != self._millisecond:
                self._millisecond = millisecond
                self._drawn.clear()
            low = secrets.randbits(22)
            while low in self._drawn:
                low = secrets.randbits(22)
            self._drawn.add(low)
        return (millisecond << 22 | low) & 0x7FFF_FFFF_FFFF_FFFF


new_entry_id = _EntryIds()


class Vault:
    """Seals and opens with a key ring; give `key_file` to follow a rotation while running."""

    def __init__(self, ring: KeyRing, key_file: Path | None = None) -> None:
        self._key_file = key_file
        self._file_stamp = self._stamp()
        self._next_look = time.monotonic() + LOOK_AGAIN
        self._lock = threading.Lock()
        self._use(ring)

    def _use(self, ring: KeyRing) -> None:
        self._ring = ring
        self._ciphers = {number: AESGCM(key) for number, key in ring.sealing.items()}
        self._index = hmac.new(ring.index, digestmod="sha256")

    @property
    def current(self) -> int:
        """The number of the key that seals now."""
        if time.monotonic() >= self._next_look:
            self.look()
        return self._ring.current

    @property
    def ring(self) -> KeyRing:
        return self._ring

    @property
    def ring_size(self) -> int:
        """How many sealing keys there are."""
        return len(self._ring.sealing)

    def address_key(self, canonical: str) -> bytes:
        """16 bytes that stand for a canonical address; the same for all campaigns."""
        mac = self._index.copy()
        mac.update(canonical.encode())
        return mac.digest()[:16]

    def seal(self, person: Person, entry_id: int, key_number: int) -> bytes:
        """The person as sealed bytes that open only for this entry."""
        plain = json.dumps(
            (person.given_name, person.family_name, person.email, person.postcode, person.comment),
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        nonce = os.urandom(NONCE)
        return nonce + self._ciphers[key_number].encrypt(nonce, plain, _bound(entry_id, key_number))

    def open(self, sealed: bytes, entry_id: int, key_number: int) -> Person:
        """The person; raises SealBroken for a missing key, changed bytes or another row's."""
        cipher = self._ciphers.get(key_number)
        if cipher is None:
            self.look()
            cipher = self._ciphers.get(key_number)
        if cipher is None:
            raise SealBroken(f"the key ring lacks sealing key {key_number}")
        try:
            plain = cipher.decrypt(sealed[:NONCE], sealed[NONCE:], _bound(entry_id, key_number))
        except (InvalidTag, ValueError):
            raise SealBroken(f"entry {entry_id} does not open") from None
        given_name, family_name, email, postcode, comment = json.loads(plain.decode())
        return Person(
            given_name=given_name,
            family_name=family_name,
            email=email,
            postcode=postcode,
            comment=comment,
        )

    def look(self) -> None:
        """Read the key file again if it changed since the last look."""
        if self._key_file is None:
            return
        with self._lock:
            self._next_look = time.monotonic() + LOOK_AGAIN
            stamp = self._stamp()
            if stamp != self._file_stamp:
                self._file_stamp = stamp
                self._use(KeyRing.parse(self._key_file.read_text(encoding="utf-8").strip()))

    def _stamp(self) -> tuple[int, int] | None:
        if self._key_file is None or not self._key_file.exists():
            return None
        found = self._key_file.stat()
        return found.st_mtime_ns, found.st_ino


def _bound(entry_id: int, key_number: int) -> bytes:
    return b"entry" + entry_id.to_bytes(8, "big") + key_number.to_bytes(2, "big")

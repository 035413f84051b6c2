"""The vault: seals personal data, and makes the keyed index that finds an address again.

AES-256-GCM with a random 96-bit nonce for each record; the record's id and key number are
authenticated with it, so that a sealed record moved to another row does not open. A database
without the key ring shows no name and no address, and no plain hash of one.
"""

from __future__ import annotations

import base64
import hmac
import logging
import os
import threading
import time
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition import structs
from petition.domain.messages.message import MessageText
from petition.domain.messages.reply import ReplyText
from petition.domain.signatures.supporter import Person
from petition.errors import SealBroken, SettingError
from petition.keyring import KeyRing

NONCE = 12
KEY_LENGTH = 16
"""Bytes that stand for an address."""
REFERENCE_LENGTH = 10
"""Bytes that stand for a signature in one list: 16 letters and digits."""
SALT_LENGTH = 16
LOOK_AGAIN = 5.0
"""Seconds between looks at the key file: a new key is taken up without a restart."""

_PERSON = structs.decoder(Person)
_MESSAGE = structs.decoder(MessageText)
_REPLY = structs.decoder(ReplyText)

log = logging.getLogger(__name__)


class Vault:
    """Seals and opens with a key ring; give `key_file` to follow a rotation while running."""

    def __init__(self, ring: KeyRing, key_file: Path | None = None) -> None:
        self._key_file = key_file
        self._file_stamp: tuple[int, int] | None = None  # the file may be newer than the ring
        self._next_look = time.monotonic() + LOOK_AGAIN
        self._lock = threading.Lock()
        self._use(ring)

    def _use(self, ring: KeyRing) -> None:
        self._ring = ring
        self._ciphers = {number: AESGCM(key) for number, key in ring.sealing.items()}
        self._index = hmac.new(ring.index, digestmod="sha256")
        self._factors = AESGCM(self.factor_mac(b"key"))
        self._webhooks = AESGCM(self._webhook_mac(b"key"))

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
        return mac.digest()[:KEY_LENGTH]

    def reference(self, salt: bytes, signature_id: int) -> str:
        """16 letters and digits that stand for a signature in the one list with this salt.

        Nobody without the index key gets from there to the signature, or to another list.
        """
        mac = self._index.copy()
        # No address holds this character.
        mac.update(b"\0reference" + salt + signature_id.to_bytes(8, "big"))
        return base64.b32encode(mac.digest()[:REFERENCE_LENGTH]).decode().lower()

    def search_mark(self, canonical: str) -> str:
        """What stands in the audit log for an address that staff searched for.

        The same address always has the same one, and it is nowhere else: beside the tables alone
        it leads to nobody.
        """
        mac = self._index.copy()
        # No address holds this character.
        mac.update(b"\0search" + canonical.encode())
        return mac.hexdigest()[: 2 * KEY_LENGTH]

    def seal(self, person: Person, entry_id: int, key_number: int) -> bytes:
        """The person as sealed bytes that open only for this entry."""
        return self._seal(msgspec.json.encode(person), b"entry", entry_id, key_number)

    def open(self, sealed: bytes, entry_id: int, key_number: int) -> Person:
        """The person; raises SealBroken for a missing key, changed bytes or another row's."""
        return _PERSON.decode(self._open(sealed, b"entry", entry_id, key_number))

    def seal_message(self, text: MessageText, message_id: int, key_number: int) -> bytes:
        """A message as sealed bytes that open only for its own row."""
        return self._seal(msgspec.json.encode(text), b"message", message_id, key_number)

    def open_message(self, sealed: bytes, message_id: int, key_number: int) -> MessageText:
        """The message; raises SealBroken as `open` does."""
        return _MESSAGE.decode(self._open(sealed, b"message", message_id, key_number))

    def seal_reply(self, text: ReplyText, reply_id: int, key_number: int) -> bytes:
        """A target's reply as sealed bytes that open only for its own row."""
        return self._seal(msgspec.json.encode(text), b"reply", reply_id, key_number)

    def open_reply(self, sealed: bytes, reply_id: int, key_number: int) -> ReplyText:
        """The reply; raises SealBroken as `open` does."""
        return _REPLY.decode(self._open(sealed, b"reply", reply_id, key_number))

    def seal_inbound(self, mail: bytes, mail_id: int, key_number: int) -> bytes:
        """An email that came in, as sealed bytes that open only for its own row."""
        return self._seal(mail, b"inbound", mail_id, key_number)

    def open_inbound(self, sealed: bytes, mail_id: int, key_number: int) -> bytes:
        """The email; raises SealBroken as `open` does."""
        return self._open(sealed, b"inbound", mail_id, key_number)

    def provider_key(self, domain: str) -> bytes:
        """What stands for a mail provider where its letters are counted: small ones are people."""
        mac = self._index.copy()
        # No address holds this character.
        mac.update(b"\0provider" + domain.encode())
        return mac.digest()[:KEY_LENGTH]

    def seal_file_key(self, key: bytes, export_id: int, key_number: int) -> bytes:
        """The key of an export's file as sealed bytes that open only for this export."""
        return self._seal(key, b"file", export_id, key_number)

    def open_file_key(self, sealed: bytes, export_id: int, key_number: int) -> bytes:
        """The key; raises SealBroken as `open` does."""
        return self._open(sealed, b"file", export_id, key_number)

    def factor_mac(self, what: bytes) -> bytes:
        """32 bytes that stand for something of staff's second factors.

        Of the index key, which no rotation changes: nobody's app has to be set up anew for one.
        """
        mac = self._index.copy()
        # No address holds this character.
        mac.update(b"\0second factor" + what)
        return mac.digest()

    def seal_factor(self, secret: bytes, staff_id: int) -> bytes:
        """What somebody's app makes codes from, as sealed bytes that open for this account only."""
        nonce = os.urandom(NONCE)
        return nonce + self._factors.encrypt(nonce, secret, _bound(b"staff", staff_id, 0))

    def open_factor(self, sealed: bytes, staff_id: int) -> bytes:
        """The secret; raises SealBroken as `open` does."""
        try:
            bound = _bound(b"staff", staff_id, 0)
            return self._factors.decrypt(sealed[:NONCE], sealed[NONCE:], bound)
        except (InvalidTag, ValueError):
            raise SealBroken(f"the second factor of staff {staff_id} does not open") from None

    def webhook_id(self, delivery_id: int) -> str:
        """What a receiver knows one message by: the same at every try; tells nothing."""
        return f"msg_{self._webhook_mac(b'id' + delivery_id.to_bytes(8, 'big')).hex()[:32]}"

    def seal_webhook(self, secret: bytes, endpoint_id: int) -> bytes:
        """What signs for an endpoint, as sealed bytes that open for this endpoint only.

        Of the index key, as factors are: no receiver has to be told anew for a rotation of ours.
        """
        nonce = os.urandom(NONCE)
        bound = _bound(b"webhook", endpoint_id, 0)
        return nonce + self._webhooks.encrypt(nonce, secret, bound)

    def open_webhook(self, sealed: bytes, endpoint_id: int) -> bytes:
        """The secret; raises SealBroken as `open` does."""
        try:
            bound = _bound(b"webhook", endpoint_id, 0)
            return self._webhooks.decrypt(sealed[:NONCE], sealed[NONCE:], bound)
        except (InvalidTag, ValueError):
            raise SealBroken(f"the secret of webhook {endpoint_id} does not open") from None

    def _webhook_mac(self, what: bytes) -> bytes:
        mac = self._index.copy()
        # No address holds this character.
        mac.update(b"\0webhook" + what)
        return mac.digest()

    def _seal(self, plain: bytes, kind: bytes, id_: int, key_number: int) -> bytes:
        nonce = os.urandom(NONCE)
        bound = _bound(kind, id_, key_number)
        return nonce + self._ciphers[key_number].encrypt(nonce, plain, bound)

    def _open(self, sealed: bytes, kind: bytes, id_: int, key_number: int) -> bytes:
        cipher = self._ciphers.get(key_number)
        if cipher is None:
            self.look()
            cipher = self._ciphers.get(key_number)
        if cipher is None:
            raise SealBroken(f"the key ring lacks sealing key {key_number}")
        try:
            bound = _bound(kind, id_, key_number)
            return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], bound)
        except (InvalidTag, ValueError):
            raise SealBroken(f"{kind.decode()} {id_} does not open") from None

    def look(self) -> None:
        """Read the key file again if it changed since the last look.

        A file that is gone, half-written or another database's changes nothing: what this process
        seals must open again.
        """
        if self._key_file is None:
            return
        with self._lock:
            self._next_look = time.monotonic() + LOOK_AGAIN
            stamp = self._stamp()
            if stamp == self._file_stamp:
                return
            self._file_stamp = stamp
            try:
                ring = KeyRing.parse(self._key_file.read_text(encoding="utf-8").strip())
            except (OSError, UnicodeDecodeError, SettingError):
                log.error("vault: the key file cannot be read now; the keys from before stay")
                return
            if _goes_on(self._ring, ring):
                self._use(ring)
            else:
                log.error("vault: the key file has other keys now; the keys from before stay")

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._key_file.stat() if self._key_file is not None else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_ino) if found is not None else None


def _goes_on(old: KeyRing, new: KeyRing) -> bool:
    """True when what the old ring sealed and indexed stands under the same keys of the new one."""
    shared = old.sealing.keys() & new.sealing.keys()
    same = all(old.sealing[number] == new.sealing[number] for number in shared)
    return old.index == new.index and bool(shared) and same


def _bound(kind: bytes, id_: int, key_number: int) -> bytes:
    return kind + id_.to_bytes(8, "big") + key_number.to_bytes(2, "big")

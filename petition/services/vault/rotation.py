"""Key rotation: every record sealed anew under a new key, on a full database, restartable."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from petition import files
from petition.errors import PetitionError
from petition.store.db import Session, SessionFactory
from petition.store.db.transient_failures import committed
from petition.store.vault import rotation
from petition.store.vault.rotation import Sealed
from petition.store.vault.vault import Vault

BATCH = 500


class NoNewKey(PetitionError):
    """PETITION_VAULT_KEY has one key only: add one (`petition vault new-key`) and restart first."""


def add_key(vault: Vault, key_file: Path | None, reading: SessionFactory) -> bool:
    """Add a key to the ring's file, unless an unfinished rotation is to go on. True if added.

    Raises NoNewKey when the ring is not in a file and holds no newer key.
    """
    with reading() as session:
        unfinished = rotation.left(session, vault.current) > 0
    if unfinished:
        return False
    if key_file is None:
        if vault.ring_size == 1:
            raise NoNewKey
        return False
    _replace(key_file, vault.ring.with_new_key().as_text())
    vault.look()
    return True


def _replace(path: Path, text: str) -> None:
    """The file's new text, whole or not at all, readable by its owner only.

    It keeps its owner: root may rotate, and the service must still read its keys.
    """
    real = path.resolve()  # a link to the file stays a link
    files.write_whole(real, [f"{text}\n".encode()], owner=real.stat())


def left(session: Session, current: int) -> int:
    """Records that stand under another key."""
    return rotation.left(session, current)


def by_key(session: Session) -> dict[int, int]:
    """Key number to how many records stand under it."""
    return rotation.by_key(session)


def reseal(vault: Vault, transaction: SessionFactory) -> Iterator[int]:
    """Seal anew what stands under an older key; yields each batch's size.

    Each batch is one transaction, and a record moves with its key number in one UPDATE: an
    interruption leaves every record readable.
    """
    current = vault.current
    for kind in Sealed:
        last = -1
        while done := committed(transaction, partial(_reseal_batch, vault, kind, current, last)):
            last = done[-1]
            yield len(done)


def _reseal_batch(
    vault: Vault, kind: Sealed, current: int, last: int, session: Session
) -> list[int]:
    batch = rotation.batch(session, kind, current, after=last, most=BATCH)
    for id_, text, number in batch:
        anew = _resealed(vault, kind, id_, text, number, current)
        rotation.replace(session, kind, id_, anew, current)
    return [id_ for id_, _, _ in batch]


def _resealed(
    vault: Vault, kind: Sealed, id_: int, text: bytes, number: int, current: int
) -> bytes:
    match kind:
        case Sealed.PERSON:
            return vault.seal(vault.open(text, id_, number), id_, current)
        case Sealed.MESSAGE:
            return vault.seal_message(vault.open_message(text, id_, number), id_, current)
        case Sealed.REPLY:
            return vault.seal_reply(vault.open_reply(text, id_, number), id_, current)
        case Sealed.INBOUND:
            return vault.seal_inbound(vault.open_inbound(text, id_, number), id_, current)

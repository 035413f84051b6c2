"""Rotating: sealing every record anew under a new key, on a full database, restartable."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy.orm import Session

from petition.config import sync_folder
from petition.errors import PetitionError
from petition.store import sealed
from petition.store.vault import Vault

BATCH = 500

Opening = Callable[[], AbstractContextManager[Session]]


class NoNewKey(PetitionError):
    """PETITION_VAULT_KEY has one key only: add one (`petition vault new-key`) and restart first."""


def add_key(vault: Vault, key_file: Path | None, reading: Opening) -> bool:
    """Add a key to the ring's file, unless an unfinished rotation is to go on. True if added.

    Raises NoNewKey when the ring is not in a file and holds no newer key.
    """
    with reading() as session:
        unfinished = sealed.left(session, vault.current) > 0
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
    owner = path.stat()
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with contextlib.suppress(PermissionError):
        os.fchown(handle, owner.st_uid, owner.st_gid)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def left(session: Session, current: int) -> int:
    """Records that stand under another key."""
    return sealed.left(session, current)


def by_key(session: Session) -> dict[int, int]:
    """Key number to how many records stand under it."""
    return sealed.by_key(session)


def reseal(vault: Vault, transaction: Opening) -> Iterator[int]:
    """Seal anew what stands under an older key; yields each batch's size.

    Each batch is one transaction, and a record moves with its key number in one UPDATE: an
    interruption leaves every record readable.
    """
    last, current = -1, vault.current
    while True:
        with transaction() as session:
            batch = sealed.batch(session, current, after=last, most=BATCH)
            for entry_id, text, number in batch:
                person = vault.open(text, entry_id, number)
                sealed.replace(session, entry_id, vault.seal(person, entry_id, current), current)
        if not batch:
            return
        last = batch[-1][0]
        yield len(batch)

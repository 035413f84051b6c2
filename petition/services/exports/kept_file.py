"""A list for the console: made to its end, kept sealed for a quarter of an hour, then deleted."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition.services.exports import csv_file
from petition.services.exports.csv_file import Export
from petition.services.privacy import erasure
from petition.store import jobs
from petition.store.campaigns import campaigns
from petition.store.db import Condition, DatabaseFault, Moment, Session, SessionFactory
from petition.store.exports import kept_files
from petition.store.exports.kept_files import KeptFile
from petition.store.vault.vault import Vault

KEPT: Final = timedelta(minutes=15)
"""How long a file waits to be fetched, and a part for the next one."""
PART: Final = 1 << 20
"""Bytes of the file that are sealed together, at least."""
_FAST: Final = 1


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a file is."""

    export_id: int
    rows: int
    of: int
    """How many there were when it began."""


def make(
    order: Export,
    vault: Vault,
    *,
    reading: SessionFactory,
    transaction: SessionFactory,
    now: Callable[[], datetime],
) -> Iterator[Progress]:
    """Make the file and keep it for who ordered it; the last progress is that of all of it.

    What opens its parts is known to this process alone until the last of them is there, so that
    of a file that is cut off nothing can be read. Raises NotFound before it begins.
    """
    making = _Making(transaction, now)
    rows = [0]
    with reading() as session:
        campaign_id = campaigns.by_slug(session, order.slug).id
        of = csv_file.count(session, campaign_id, order)
    chunks = csv_file.export(
        order,
        vault,
        reading=reading,
        transaction=transaction,
        now=now,
        begun=making.begin,
        progress=rows.append,
    )
    try:
        for chunk in chunks:
            making.add(chunk)
            yield Progress(export_id=making.export_id, rows=sum(rows), of=of)
        making.finish(vault)
    except BaseException:  # its reader went away, too
        chunks.close()
        making.give_up()
        raise
    yield Progress(export_id=making.export_id, rows=sum(rows), of=sum(rows))


class _Making:
    """A file on its way into the database."""

    def __init__(self, transaction: SessionFactory, now: Callable[[], datetime]) -> None:
        self._transaction, self._now = transaction, now
        self._key = os.urandom(32)
        self._number = 0
        self._rest = b""
        self.export_id = 0

    def begin(self, export_id: int) -> None:
        self.export_id = export_id
        with self._transaction() as session:
            kept_files.begin(session, export_id, until=self._now() + KEPT)

    def add(self, chunk: bytes) -> None:
        self._rest += chunk
        if len(self._rest) >= PART:
            self._put()

    def _put(self) -> None:
        cipher, place = AESGCM(self._key), _place(self._number)
        sealed = cipher.encrypt(place, zlib.compress(self._rest, _FAST), None)
        with self._transaction() as session:
            kept_files.add_part(session, self.export_id, sealed, until=self._now() + KEPT)
        self._number, self._rest = self._number + 1, b""

    def finish(self, vault: Vault) -> None:
        self._put()
        number = vault.current
        sealed = vault.seal_file_key(self._key, self.export_id, number)
        with self._transaction() as session:
            kept_files.finish(session, self.export_id, sealed, number, until=self._now() + KEPT)

    def give_up(self) -> None:
        # A database that is away keeps what opens for nobody, until the worker deletes it.
        with contextlib.suppress(DatabaseFault), self._transaction() as session:
            kept_files.delete_file(session, self.export_id)


def _place(number: int) -> bytes:
    """A part's nonce: the key is this file's own, so its number never comes twice."""
    return number.to_bytes(12, "big")


def chunks(file: KeptFile, vault: Vault, *, reading: SessionFactory) -> Iterator[bytes]:
    """The file as it was made, all from one snapshot; raises NotFound once it is deleted."""
    cipher = AESGCM(vault.open_file_key(file.sealed_key, file.export.id, file.key_number))
    with reading() as session:
        for number, sealed in enumerate(kept_files.parts(session, file)):
            yield zlib.decompress(cipher.decrypt(_place(number), sealed, None))


def is_due(at: Moment) -> Condition:
    """Whether there is something for `delete_past`."""
    return kept_files.is_any_past(at)


def delete_past(session: Session, *, at: datetime) -> None:
    """Delete what waited long enough, and what a process left that ended while it made it."""
    if kept_files.delete_past(session, at=at):
        jobs.ask(session, erasure.FORGET, at=at)

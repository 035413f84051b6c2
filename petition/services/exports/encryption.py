"""Encrypting a file on its way out: what is written anywhere is encrypted already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyrage

from petition import files
from petition.domain.exports.recipient import opened

PIECE: Final = 1 << 16


def encrypted(chunks: Iterator[bytes], recipient: str) -> Iterator[bytes]:
    """The same file, readable by who has the secret part of this key, and by nobody else.

    All of it is encrypted before the first byte is handed on; it waits in memory, and on the disk
    where it is long. Raises RecipientRefused before that, and what `chunks` raises.
    """
    to = opened(recipient)
    source = _Source(chunks)
    with files.without_a_name(in_memory=8 * PIECE) as made:
        try:
            pyrage.encrypt_io(source, made, [to])
        except pyrage.EncryptError:
            if source.failed is not None:
                raise source.failed from None
            raise
        made.seek(0)
        while piece := made.read(PIECE):
            yield piece


class _Source:
    """Chunks, as a file that is read piece by piece."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self.failed: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Up to so many bytes; none at the end."""
        try:
            while not self._rest and (chunk := next(self._chunks, None)) is not None:
                self._rest = chunk
        except BaseException as error:  # told to end, too
            self.failed = error
            raise
        piece = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(piece) :]
        return piece

"""Outbox files: letters in the mailbox folder, where they go while there is no mail server."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from petition.config import Settings
from petition.domain.letters.letter import message_id

STEM: Final = 16
"""How many characters of a letter's Message-ID stand in its file's name."""


def stem(secret_key: str, letter_id: int) -> str:
    """The part of the file's name that belongs to this letter alone."""
    return message_id(secret_key, letter_id)[:STEM]


def path(folder: Path, stem: str, *, at: datetime) -> Path:
    """Where a letter of that time goes; the names are in order of time."""
    return folder / f"{at:%Y%m%d-%H%M%S}-{stem}.eml"


def remove(settings: Settings, letter_ids: Iterable[int]) -> int:
    """Remove the files of these letters, once their rows are deleted: how many files went.

    Also where a mail server is set now: the folder may hold letters from before. A worker that
    was just writing one finds its row gone and removes it after us.
    """
    return delete(
        settings.outbox_dir, {stem(settings.secret_key, letter_id) for letter_id in letter_ids}
    )


def delete(folder: Path, stems: set[str]) -> int:
    """Remove every file of these letters, half-written ones included: how many went."""
    if not stems or not folder.is_dir():
        return 0
    # A letter that went twice lies there under two times, so its name alone does not find it.
    with os.scandir(folder) as entries:
        found = [Path(entry.path) for entry in entries if _stem_of(entry.name) in stems]
    return sum(map(_unlink, found))


def _stem_of(name: str) -> str:
    return name.lstrip(".").partition(".")[0].rpartition("-")[2]


def _unlink(file: Path) -> bool:
    try:
        file.unlink()
    except FileNotFoundError:  # the worker or another eraser was first
        return False
    return True

"""Who may read keys, database and instance folder besides the service."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from petition.config import Settings
from petition.files import OTHERS

WORLD: Final = stat.S_IRWXO | stat.S_IWGRP


def loose(settings: Settings, database: str | None) -> Iterator[tuple[str, str]]:
    """(which file, what is wrong with it), for what others may read or have put there."""
    instance = settings.instance
    if instance.is_dir():
        yield from _judged("the instance folder", instance, forbidden=OTHERS)
    for name, file in _key_files(settings):
        yield from _judged(name, file, forbidden=WORLD)
    private = [instance / "secret.key", instance / "vault.key"]
    private += [settings.journal_path, settings.audit_head_path]
    if database is not None:
        private += [Path(database + end) for end in ("", "-wal", "-shm")]
    for file in private:
        yield from _judged(f"the file {file.name}", file, forbidden=OTHERS)


def _key_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Keys that lie elsewhere; a group may read them, as secrets of containers are handed over."""
    for name in (
        "PETITION_SECRET_KEY",
        "PETITION_VAULT_KEY",
        "PETITION_DKIM_KEY",
        "SMTP_URL",
        "DATABASE_URL",
    ):
        path = os.environ.get(f"{name}_FILE", "").strip()
        if path and not os.environ.get(name, "").strip():
            yield name, Path(path)


def _judged(name: str, path: Path, *, forbidden: int) -> Iterator[tuple[str, str]]:
    try:
        found = path.stat()
    except OSError:  # not there, or not for us to look at: its reader says so
        return
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
        if mode & forbidden:
            right = f"{mode & ~OTHERS:o}"
            yield name, f"others may use it (mode {mode:04o}): chmod {right} {path}"
        if found.st_uid not in {os.geteuid(), 0}:
            yield name, f"{path} belongs to another user (uid {found.st_uid})"

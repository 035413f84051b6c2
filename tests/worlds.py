"""What many tests begin with is brought about once in a process, and copied for each of them.

A world is what the database, the instance's folder and the clock say. All instances of a process
have the same keys, so that what one has written another can read.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

from flask import Flask
from sqlalchemy.engine import make_url

from petition.store.db import db
from petition.web.http.dependencies import dependencies_of

if TYPE_CHECKING:
    from tests.conftest import Clock, PostgreSQL

T = TypeVar("T")
KEYS: Final = ("secret.key", "vault.key")


@dataclass(frozen=True)
class _World:
    folder: Path
    """What lay in the instance, and an SQLite database beside it."""
    template: str | None
    """The PostgreSQL database that it is copied from."""
    at: datetime
    told: object


class Worlds:
    """By name and kind of database."""

    def __init__(self, folder: Path, server: Callable[[], PostgreSQL]) -> None:
        self._folder, self._server = folder, server
        self._kept: dict[tuple[str, str], _World] = {}

    def lend_keys(self, instance: Path) -> None:
        """Before its settings are read: what was generated first in this process."""
        if self._keys.exists():
            shutil.copytree(self._keys, instance)

    def keep_keys(self, instance: Path) -> None:
        if not self._keys.exists():
            self._keys.mkdir(mode=0o700)
            for name in KEYS:
                shutil.copy2(instance / name, self._keys)

    @property
    def _keys(self) -> Path:
        return self._folder / "keys"

    def enter(self, app: Flask, clock: Clock, name: str, bring: Callable[[], T]) -> T:
        """Be where `bring` leads to; what it returns, which nobody may change."""
        kind = str(db.engine.dialect.name)
        world = self._kept.get((name, kind))
        if world is not None:
            self._leave_for(world, app)
            clock.at = world.at
            return cast(T, world.told)
        told = bring()
        self._kept[name, kind] = self._copied(app, f"{name}_{kind}", clock.at, told)
        return told

    def _copied(self, app: Flask, name: str, at: datetime, told: object) -> _World:
        folder = self._folder / name
        shutil.copytree(dependencies_of(app).settings.instance, folder / "instance")
        url = make_url(dependencies_of(app).settings.database_url)
        template = None
        if url.get_backend_name() == "sqlite":
            with contextlib.closing(sqlite3.connect(str(url.database))) as connection:
                connection.execute("VACUUM INTO ?", (str(folder / "database"),))
        else:
            template = f"{self._server().template}_{name}"
            self._copy_database(str(url.database), template)
        return _World(folder, template, at, told)

    def _leave_for(self, world: _World, app: Flask) -> None:
        settings = dependencies_of(app).settings
        shutil.rmtree(settings.instance)
        shutil.copytree(world.folder / "instance", settings.instance)
        url = make_url(settings.database_url)
        db.engine.dispose()
        if world.template is None:
            for beside in ("", "-wal", "-shm"):
                Path(f"{url.database}{beside}").unlink(missing_ok=True)
            shutil.copyfile(world.folder / "database", str(url.database))
        else:
            self._server().run(f"DROP DATABASE {url.database} WITH (FORCE)")
            self._copy_database(world.template, str(url.database))
        dependencies_of(app).campaign_cache.clear()

    def _copy_database(self, template: str, name: str) -> None:
        db.engine.dispose()
        server = self._server()
        server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{template}' AND pid <> pg_backend_pid()"
        )
        server.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")

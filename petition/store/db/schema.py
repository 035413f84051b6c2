"""Schema: whether the database has the tables that this version of the code needs."""

from __future__ import annotations

from functools import cache

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from petition.config import resource_dir
from petition.store.db.engine import READING


def is_migrated(engine: Engine) -> bool:
    """True when the database has the tables that this version of the code needs."""
    with engine.connect().execution_options(**{READING: True}) as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == set(_heads())


@cache
def _heads() -> tuple[str, ...]:
    return tuple(ScriptDirectory(str(resource_dir("migrations"))).get_heads())

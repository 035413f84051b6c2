"""Schema: whether the database has the tables that this version of the code needs.

Alembic keeps the version, and would tell it as well; but to import Alembic and all migrations takes
longer than most commands do.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import Engine, inspect, text

from petition.config import resource_dir
from petition.store.db.engine import READING


def is_migrated(engine: Engine) -> bool:
    """True when the database has the tables that this version of the code needs."""
    with engine.connect().execution_options(**{READING: True}) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    return [*found] == [_newest()]


@cache
def _newest() -> str:
    """The number of the last migration: the highest that a file's name begins with."""
    folder = resource_dir("migrations") / "versions"
    return max(path.name.partition("_")[0] for path in folder.glob("[0-9]*_*.py"))

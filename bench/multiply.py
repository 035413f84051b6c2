"""From some signatures to very many: the database copies its own rows, and makes its indexes after.

Sealing a million people takes minutes, and the console's pages open none of them. A copy has ids of
its own, an address key that stands for no address, a name that staff decided about, and all else of
the row it was made from: states, countries and visibilities are spread among many as among few.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FORM = 1 << 22
"""A form's id grows by this much in a millisecond (domain/signatures/entry_ids.py)."""
TABLES = ("signatures", "entries", "consents", "letters")
COPIES: dict[str, dict[str, str | None]] = {
    "signatures": {
        "id": "id + k.n * {few}",
        "entry_id": "entry_id + {ahead}",
        "address_key": "{key}",
    },
    "entries": {
        "id": "id + {ahead}",
        "signature_id": "signature_id + k.n * {few}",
        "reviewed": "visibility = 'public'",
    },
    "consents": {"id": None, "entry_id": "entry_id + {ahead}"},
    "letters": {"id": None, "entry_id": "entry_id + {ahead}"},
}
"""By table: what is not as in the row that is copied; None: the database gives it."""
_AHEAD = "CAST(k.n AS BIGINT) * {few} * {form}"
_RANDOM_KEY = {
    "sqlite": "randomblob(16)",
    "postgresql": "decode(replace(gen_random_uuid()::text, '-', ''), 'hex')",
}
_TIMES = "WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n + 1 < {times})"
_INTO = "INSERT INTO {table} ({names})"
_ROWS = "SELECT {values} FROM k CROSS JOIN {table}"
_COPY = {
    "sqlite": f"{_INTO} {_TIMES} {_ROWS}",
    "postgresql": f"{_TIMES} {_INTO} {_ROWS}",
}
_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info('{table}') WHERE cid >= 0",
    "postgresql": (
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
    ),
}
_INDEXES = {
    "sqlite": (
        "SELECT name, sql FROM sqlite_master"
        " WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN {tables}"
    ),
    "postgresql": (
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN {tables}"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    ),
}


def multiply(connection: Any, database: str, *, few: int, many: int) -> None:
    """Of `few` signatures, numbered from 1, make `many`, which is so many times as much."""
    if database == "postgresql":
        # Rows that were made to fit need no look at each foreign key.
        connection.execute("SET session_replication_role = replica")
    with _without_indexes(connection, database):
        for table, changed in COPIES.items():
            found = connection.execute(_COLUMNS[database].format(table=table)).fetchall()
            names = [name for (name,) in found if changed.get(name, "") is not None]
            values = [changed.get(name) or name for name in names]
            copy = _COPY[database].format(
                table=table, names=", ".join(names), values=", ".join(values), times=many // few
            )
            connection.execute(
                copy.format(
                    few=few, ahead=_AHEAD.format(few=few, form=FORM), key=_RANDOM_KEY[database]
                )
            )
    if database == "postgresql":
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('signatures', 'id'), max(id)) FROM signatures"
        )


@contextmanager
def _without_indexes(connection: Any, database: str) -> Iterator[None]:
    """What keeps no rule is made anew once all rows are there."""
    indexes = connection.execute(_INDEXES[database].format(tables=TABLES)).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    for _, made_by in indexes:
        connection.execute(made_by)

"""Spreads seeded signatures over every state, makes many of them, and has lists taken out."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg

from bench.multiply import multiply
from drills.instance import Instance

LISTS = 3
PAGE = 2000
"""Signatures on a page of a list, as exports make them."""

NOW = "CURRENT_TIMESTAMP"
MOVED = {
    "id % 7 = 0": f"state = 'pending', confirmed_at = NULL, created_at = {NOW}",
    "id % 7 <> 0 AND id % 100 = 1": f"state = 'held', hold_reason = 'other', moved_at = {NOW}",
    "id % 7 <> 0 AND id % 100 = 3": f"state = 'rejected', hold_reason = 'other', moved_at = {NOW}",
    "id % 7 <> 0 AND id % 1000 = 5": (
        f"state = 'withdrawn', withdrawn_from = 'confirmed', withdrawn_at = {NOW}"
    ),
}
"""By the ids of signatures: what they become."""
PENDING_FORMS = f"UPDATE entries SET created_at = {NOW} WHERE signature_id % 7 = 0"
DECIDED = (
    "INSERT INTO reviews (campaign_id, entry_id, verdict, by, at)"
    " SELECT s.campaign_id, e.id, 'shown', 'bench', CURRENT_TIMESTAMP"
    " FROM entries e JOIN signatures s ON s.entry_id = e.id WHERE e.visibility = 'public'"
    " AND (e.signature_id > {few} OR e.signature_id % 100 <> 17)"
)
"""Staff have decided about all names but a hundredth of the first ones: as many wait among many."""
MARKED = (
    "UPDATE entries SET reviewed = true"
    " WHERE signature_id <= {few} AND id IN (SELECT entry_id FROM reviews)"
)
ERASED = (
    "INSERT INTO erasures (campaign_id, signature_id, erased_at)"
    " SELECT campaign_id, id + {rows}, CURRENT_TIMESTAMP FROM signatures WHERE id <= {rows} / 5"
)
"""As many as a fifth of those that are there: they stood behind them, and lists hold them."""
LIST = (
    "INSERT INTO exports (id, campaign_id, by, reason, filters, format, started_at, finished_at,"
    " rows, sha256) SELECT {id}, min(campaign_id), 'bench', 'to measure', '{{}}', 'csv',"
    " CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, {rows}, 'none' FROM signatures"
)


def spread(instance: Instance, few: int, many: int) -> None:
    """Of `few` signatures, numbered from 1; then `many` are made of them."""
    with _connected(instance) as (connection, mark):
        rows = many // few * few
        for which, state in MOVED.items():
            connection.execute(f"UPDATE signatures SET {state} WHERE {which}")
        connection.execute(PENDING_FORMS)
        if many > few:
            database = "sqlite" if mark == "?" else "postgresql"
            multiply(connection, database, few=few, many=many)
        connection.execute(DECIDED.format(few=few))
        connection.execute(MARKED.format(few=few))
        connection.execute(ERASED.format(rows=rows))
        page = (
            "INSERT INTO export_pages (export_id, first_id, last_id, bits)"
            f" VALUES ({mark}, {mark}, {mark}, {mark})"
        )
        for number in range(1, LISTS + 1):
            connection.execute(LIST.format(id=number, rows=rows + rows // 5))
            for first in range(1, rows + rows // 5 + 1, PAGE):
                held = (number, first, first + PAGE - 1, b"\xff" * (PAGE // 8))
                connection.execute(page, held)
        connection.commit()
        connection.execute("ANALYZE")


@contextlib.contextmanager
def _connected(instance: Instance) -> Iterator[tuple[Any, str]]:
    """Its database, and how a value is marked there."""
    if instance.database_url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(instance.folder / "petition.db")) as connection:
            yield connection, "?"
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with psycopg.connect(instance.database_url) as connection:
        yield connection, "%s"
        connection.commit()
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")

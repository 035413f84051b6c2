"""Seeding: confirmed signatures by the hundred thousand, sealed, straight into the tables."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from bench.limits import TEXTS
from bench.requests import COUNTRIES, FAMILY, GIVEN
from drills.instance import Instance
from petition.domain.signatures.supporter import Person
from petition.keyring import KeyRing
from petition.store.vault.vault import Vault

BATCH = 10_000
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
COLUMNS = {
    "signatures": "id campaign_id address_key state created_at confirmed_at entry_id",
    "entries": (
        "id signature_id created_at sealed key_number country language visibility utm_source"
    ),
    "consents": "entry_id purpose consent_text_id answer answered_at way",
    "letters": "entry_id kind state due_at admitted attempts finished_at",
}

Rows = dict[str, list[tuple[Any, ...]]]


def fill(instance: Instance, rows: int, *, seed: int, already: int = 0) -> None:
    """Add signatures until there are `rows`; the same seed makes the same people."""
    if rows <= already:
        return
    if instance.database_url.startswith("sqlite"):
        _fill_sqlite(instance, already, rows, seed)
    else:
        _fill_postgresql(instance, already, rows, seed)


def _fill_sqlite(instance: Instance, first: int, rows: int, seed: int) -> None:
    connection = sqlite3.connect(instance.folder / "petition.db", isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    texts = connection.execute(TEXTS).fetchone()
    for batch in _batches(instance, texts, first, rows, seed):
        connection.execute("BEGIN")
        for table, columns in COLUMNS.items():
            names = columns.split()
            marks = ", ".join("?" for _ in names)
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", batch[table]
            )
        connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("ANALYZE")
    connection.close()


def _fill_postgresql(instance: Instance, first: int, rows: int, seed: int) -> None:
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        # Rows that were made to fit need no look at each foreign key.
        connection.execute("SET session_replication_role = replica")
        texts = connection.execute(TEXTS).fetchone()
        assert texts
        for batch in _batches(instance, texts, first, rows, seed):
            for table, columns in COLUMNS.items():
                _copy(connection, table, columns.split(), batch[table])
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('signatures', 'id'), max(id)) FROM signatures"
        )
        connection.execute("VACUUM ANALYZE")


def _copy(
    connection: psycopg.Connection[Any], table: str, names: list[str], rows: list[tuple[Any, ...]]
) -> None:
    sql = SQL("COPY {} ({}) FROM STDIN").format(
        Identifier(table), SQL(", ").join(map(Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        for row in rows:
            copy.write_row(row)


def _batches(
    instance: Instance, texts: tuple[int, ...], first: int, rows: int, seed: int
) -> Iterator[Rows]:
    keys = (instance.folder / "vault.key").read_text(encoding="utf-8").strip()
    vault = Vault(KeyRing.parse(keys))
    chance = random.Random(f"{seed} {first}")
    for start in range(first, rows, BATCH):
        batch: Rows = {table: [] for table in COLUMNS}
        for number in range(start, min(start + BATCH, rows)):
            _add(batch, number, vault, texts, chance)
        yield batch


def _add(
    batch: Rows, number: int, vault: Vault, texts: tuple[int, ...], chance: random.Random
) -> None:
    campaign, *asked = texts
    at = BEGIN + timedelta(milliseconds=number)
    signed = at.strftime("%Y-%m-%d %H:%M:%S.%f")
    entry = int(at.timestamp() * 1000) << 22 | chance.getrandbits(22)
    person = Person(
        given_name=GIVEN[number % len(GIVEN)],
        family_name=FAMILY[number // 8 % len(FAMILY)],
        email=f"seeded-{number}@example.org",
        comment="" if number % 5 else "Because nobody should be afraid to say what they see.",
    )
    visibility = ("counted", "target", "public")[number % 3]
    batch["signatures"].append(
        (number + 1, campaign, vault.address_key(person.email), "confirmed", signed, signed, entry)
    )
    batch["entries"].append(
        (
            entry,
            number + 1,
            signed,
            vault.seal(person, entry, vault.current),
            vault.current,
            COUNTRIES[number % len(COUNTRIES)],
            "en",
            visibility,
            "letter",
        )
    )
    answers = (
        ("sign", "yes"),
        ("updates", "yes" if number % 2 else "no"),
        ("visibility", visibility),
    )
    for text, (purpose, answer) in zip(asked, answers, strict=True):
        batch["consents"].append((entry, purpose, text, answer, signed, "web"))
    batch["letters"].append((entry, "confirm", "sent", signed, True, 1, signed))

"""What this machine can do with the rows of a signature when nothing but a database is at work.

pgbench sends PostgreSQL one statement a signature; SQLite gets one commit a signature. Both write
the very rows that signing writes, into the tables of a prepared installation.
"""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from bench.load_generator import Measured
from drills.failure import DrillError
from drills.postgres import binaries

CLIENTS = 32
SEALED = 110
"""Bytes of a sealed record with names, address and postcode."""

# The random half of an entry's id and the two halves of its address key are pgbench's to draw.
SCRIPT = r"""
\set low random(0, 4194303)
\set one random(0, 9223372036854775806)
\set two random(0, 9223372036854775806)
WITH at AS (SELECT clock_timestamp() AS now),
form AS (
  SELECT ((extract(epoch FROM now) * 1000)::bigint << 22) + :low AS entry_id,
         int8send(:one) || int8send(:two) AS address_key, now FROM at),
signature AS (
  INSERT INTO signatures (campaign_id, address_key, state, created_at, entry_id)
  SELECT CAMPAIGN, address_key, 'pending', now, entry_id FROM form
  ON CONFLICT (campaign_id, address_key) DO NOTHING RETURNING id),
entry AS (
  INSERT INTO entries (id, signature_id, created_at, sealed, key_number, country, language,
                       visibility, utm_source)
  SELECT entry_id, signature.id, now, decode('SEALED', 'hex'), 1, 'DE', 'en', 'counted', 'letter'
  FROM form, signature RETURNING id),
consent AS (
  INSERT INTO consents (entry_id, purpose, consent_text_id, answer, answered_at, way)
  SELECT entry_id, purpose, text_id, answer, now, 'web'
  FROM form, (VALUES ('sign', SIGN, 'yes'), ('updates', UPDATES, 'no'),
                     ('visibility', VISIBILITY, 'counted')) AS answered (purpose, text_id, answer))
INSERT INTO letters (entry_id, kind, state, due_at, admitted, attempts)
SELECT entry_id, 'confirm', 'owed', now, false, 0 FROM form;
"""

TEXTS = """
SELECT t.campaign_id, s.consent_text_id, u.consent_text_id, v.consent_text_id
FROM campaign_texts t
JOIN campaign_questions s ON s.campaign_text_id = t.id AND s.purpose = 'sign'
JOIN campaign_questions u ON u.campaign_text_id = t.id AND u.purpose = 'updates'
JOIN campaign_questions v ON v.campaign_text_id = t.id AND v.purpose = 'visibility'
WHERE t.language = 'en' ORDER BY t.version DESC LIMIT 1
"""


def pgbench(url: str, folder: Path, *, seconds: int, seed: int) -> Measured:
    """The rows of one signature in one statement, by as many clients as can keep it busy."""
    script = folder / "sign.pgbench"
    script.write_text(_script(url))
    logs = folder / "pgbench"
    logs.mkdir()
    command = [str(binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"]
    command += ["-T", str(seconds), "-f", str(script), f"--random-seed={seed}"]
    command += ["-l", "--sampling-rate=0.2", f"--log-prefix={logs / 'log'}"]
    command += [url]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=seconds + 60
    )
    rate = re.search(r"tps = ([\d.]+) \(without", done.stdout)
    if done.returncode or not rate:
        said = [line for line in done.stderr.splitlines() if "ERROR" in line or "error" in line]
        raise DrillError(f"pgbench: {said[0] if said else 'says no rate'}")
    times = sorted(
        int(line.split()[2]) for log in logs.iterdir() for line in log.read_text().splitlines()
    )
    shutil.rmtree(logs)
    return Measured(
        rate=float(rate[1]),
        p50_ms=times[len(times) // 2] / 1000,
        p99_ms=times[len(times) * 99 // 100] / 1000,
    )


def _script(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(TEXTS).fetchone()
    assert row
    names = ("CAMPAIGN", "SIGN", "UPDATES", "VISIBILITY")
    script = SCRIPT.replace("SEALED", "5a" * SEALED)
    for name, value in zip(names, row, strict=True):
        script = re.sub(rf"\b{name}\b", str(value), script)
    return script


def one_row_commits(database: Path, *, seconds: float, seed: int) -> Measured:
    """SQLite by itself: the rows of one signature, then a commit that is on the disk."""
    chance = random.Random(seed)
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    texts = connection.execute(TEXTS).fetchone()
    times: list[float] = []
    begin = time.perf_counter()
    now = begin
    while now < begin + seconds:
        _commit_one(connection, texts, chance)
        times.append(time.perf_counter() - now)
        now = time.perf_counter()
    connection.close()
    return Measured.of(times, now - begin, Counter())


def _commit_one(
    connection: sqlite3.Connection, texts: tuple[int, ...], chance: random.Random
) -> None:
    campaign, *asked = texts
    at = datetime.now(UTC)
    now = at.strftime("%Y-%m-%d %H:%M:%S.%f")
    entry = int(at.timestamp() * 1000) << 22 | chance.getrandbits(22)
    connection.execute("BEGIN IMMEDIATE")
    made = connection.execute(
        "INSERT INTO signatures (campaign_id, address_key, state, created_at, entry_id)"
        " VALUES (?, ?, 'pending', ?, ?) ON CONFLICT (campaign_id, address_key) DO NOTHING",
        (campaign, chance.randbytes(16), now, entry),
    )
    connection.execute(
        "INSERT INTO entries (id, signature_id, created_at, sealed, key_number, country, language,"
        " visibility, utm_source) VALUES (?, ?, ?, ?, 1, 'DE', 'en', 'counted', 'letter')",
        (entry, made.lastrowid, now, b"Z" * SEALED),
    )
    connection.executemany(
        "INSERT INTO consents (entry_id, purpose, consent_text_id, answer, answered_at, way)"
        " VALUES (?, ?, ?, ?, ?, 'web')",
        [
            (entry, purpose, text, answer, now)
            for text, (purpose, answer) in zip(
                asked,
                (("sign", "yes"), ("updates", "no"), ("visibility", "counted")),
                strict=True,
            )
        ],
    )
    connection.execute(
        "INSERT INTO letters (entry_id, kind, state, due_at, admitted, attempts)"
        " VALUES (?, 'confirm', 'owed', ?, 0, 0)",
        (entry, now),
    )
    connection.execute("COMMIT")

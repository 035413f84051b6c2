"""export: `petition export`, beside the database's own CSV of the same joined rows.

Ours opens every sealed record; the database's own writes it out as it lies there. Both write a
file. The peak of memory is taken at a quarter of the rows and at all of them.
"""

from __future__ import annotations

import argparse
import csv
import os
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import seed
from bench.instance import DATABASES, Workspace, open_workspace
from bench.load_generator import Measured
from bench.table import Target, heading, median, rates, ratio, verdict
from drills.failure import DrillError
from drills.instance import CAMPAIGN, PETITION, ROOT, Instance

MOST_ROWS = 1_000_000
NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
OWN = {"postgresql": "COPY (SELECT …) TO STDOUT CSV", "sqlite": "sqlite3 and csv.writer"}
JOINED = """
SELECT s.id, s.state, s.created_at, s.confirmed_at, e.id, e.sealed, e.key_number, e.country,
       e.language, e.visibility, e.source, e.utm_source, e.utm_medium, e.utm_campaign,
       updates.answer, updates.answered_at, t.sha256
FROM signatures s
JOIN entries e ON e.id = s.entry_id
JOIN consents sign ON sign.entry_id = e.id AND sign.purpose = 'sign'
JOIN consent_texts t ON t.id = sign.consent_text_id
JOIN consents updates ON updates.entry_id = e.id AND updates.purpose = 'updates'
WHERE s.state = 'confirmed'
ORDER BY s.id
"""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One `petition export`, from its start to its end."""

    rate: float
    peak_mb: float


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=200_000, help="signatures (200,000)")


def run(chosen: argparse.Namespace) -> int:
    """Print the table; 1 when a target was missed."""
    rows = min(chosen.rows, MOST_ROWS)
    table: dict[str, Measured] = {}
    targets: list[Target] = []
    with open_workspace() as workspace:
        title = heading(
            "bench export",
            workspace.version(),
            rounds=chosen.rounds,
            rows=f"{rows:,}",
            seed=chosen.seed,
        )
        for database in DATABASES:
            _on(workspace, database, rows, chosen, table, targets)
    print(title)
    print(rates(table))
    return verdict(targets)


def _on(
    workspace: Workspace,
    database: str,
    rows: int,
    chosen: argparse.Namespace,
    table: dict[str, Measured],
    targets: list[Target],
) -> None:
    instance = workspace.instance(f"export_{database}", database)
    quarter = rows // 4
    seed.fill(instance, quarter, seed=chosen.seed)
    small = _export(instance, workspace.folder, quarter)
    seed.fill(instance, rows, seed=chosen.seed, already=quarter)
    own: list[float] = []
    ours: list[Taken] = []
    for _ in range(chosen.rounds):
        own.append(_own(instance, workspace.folder, rows))
        ours.append(_export(instance, workspace.folder, rows))
    name = NAMES[database]
    peak = max(taken.peak_mb for taken in ours)
    table[f"{name}: {OWN[database]}"] = median([Measured(rate=rate) for rate in own])
    table[f"{name}: petition export"] = median([Measured(rate=taken.rate) for taken in ours])
    print(f"{name}: peak memory {small.peak_mb:.0f} MB at {quarter:,} rows, {peak:.0f} at {rows:,}")
    targets += [
        Target(
            name=f"{name}: export ÷ the database's own",
            value=ratio([taken.rate for taken in ours], own),
            bound=0.08,
        ),
        Target(
            name=f"{name}: peak memory ÷ that at a quarter",
            value=peak / small.peak_mb,
            bound=1.15,
            at_most=True,
        ),
    ]


def _export(instance: Instance, folder: Path, rows: int) -> Taken:
    output = folder / "ours.csv"
    command = [*PETITION, "export", CAMPAIGN, "--reason", "bench", "-o", str(output)]
    began = time.perf_counter()
    running = subprocess.Popen(command, env=instance.environment(), cwd=ROOT)
    _, status, usage = os.wait4(running.pid, 0)
    seconds = time.perf_counter() - began
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise DrillError("petition export failed")
    with output.open("rb") as file:
        lines = sum(1 for _ in file) - 1
    output.unlink()
    if lines != rows:
        raise DrillError(f"petition export wrote {lines} rows of {rows}")
    return Taken(rate=rows / seconds, peak_mb=usage.ru_maxrss / 1024)


def _own(instance: Instance, folder: Path, rows: int) -> float:
    output = folder / "own.csv"
    began = time.perf_counter()
    if instance.database_url.startswith("sqlite"):
        _own_sqlite(instance.folder / "petition.db", output)
    else:
        _own_postgresql(instance.database_url, output)
    seconds = time.perf_counter() - began
    output.unlink()
    return rows / seconds


def _own_sqlite(database: Path, output: Path) -> None:
    connection = sqlite3.connect(database)
    with output.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(connection.execute(JOINED))
    connection.close()


def _own_postgresql(url: str, output: Path) -> None:
    with (
        psycopg.connect(url) as connection,
        connection.cursor().copy(f"COPY ({JOINED}) TO STDOUT (FORMAT csv)") as copy,
        output.open("wb") as file,
    ):
        for block in copy:
            file.write(block)

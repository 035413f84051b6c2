"""sign: signatures a second through the real server, beside what the databases can do alone.

64 keep-alive connections send the real form with unique addresses; consents, sealing and the
letter's row are all on. Beside it: PostgreSQL with the same rows sent by pgbench, SQLite with the
same rows in one commit a signature, and a page that says hello. Rounds take turns.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
from collections import defaultdict

from bench import limits, seed
from bench.instance import Workspace, hello, open_workspace, served
from bench.load_generator import CONNECTIONS, Measured, press
from bench.requests import forms, get
from bench.table import Target, heading, median, rates, ratio, verdict
from drills.failure import DrillError
from drills.instance import CAMPAIGN

PAGE = f"/en/{CAMPAIGN}"
HELLO = "hello page, same server"
ON_POSTGRESQL = "signatures on PostgreSQL"
ON_SQLITE = "signatures on SQLite"
PGBENCH = f"PostgreSQL alone: pgbench, {limits.CLIENTS} clients"
ONE_ROW = "SQLite alone: a commit for each signature"
MOST_ROWS = 5_000_000

Runs = dict[str, list[Measured]]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=0, help="signatures that are there before (0)")


def run(chosen: argparse.Namespace) -> int:
    """Print the table; 1 when a target was missed."""
    with open_workspace() as workspace:
        title = heading(
            "bench sign",
            workspace.version(),
            rounds=chosen.rounds,
            seconds=chosen.seconds,
            connections=CONNECTIONS,
            rows_before=chosen.rows,
            seed=chosen.seed,
        )
        runs = _rounds(workspace, chosen)
    print(title)
    print(rates({name: median(measured) for name, measured in runs.items()}))
    return verdict(_targets(runs))


def _rounds(workspace: Workspace, chosen: argparse.Namespace) -> Runs:
    runs: Runs = defaultdict(list)
    on_postgresql = workspace.instance("sign_postgresql", "postgresql")
    on_sqlite = workspace.instance("sign_sqlite", "sqlite")
    pg_alone = workspace.instance("alone_postgresql", "postgresql")
    sqlite_alone = workspace.instance("alone_sqlite", "sqlite")
    for instance in (on_postgresql, on_sqlite, pg_alone, sqlite_alone):
        seed.fill(instance, min(chosen.rows, MOST_ROWS), seed=chosen.seed)
    with contextlib.ExitStack() as servers:
        hello_base = servers.enter_context(hello(workspace.folder))
        postgresql_base = servers.enter_context(served(on_postgresql))
        sqlite_base = servers.enter_context(served(on_sqlite))
        seconds = chosen.seconds
        for number in range(chosen.seed, chosen.seed + chosen.rounds):
            hellos = itertools.repeat(get(hello_base, "/"))
            runs[HELLO].append(press(hello_base, hellos, seconds=seconds))
            runs[PGBENCH].append(
                limits.pgbench(
                    pg_alone.database_url, workspace.folder, seconds=round(seconds), seed=number
                )
            )
            runs[ON_POSTGRESQL].append(_sign(postgresql_base, seconds, number))
            runs[ONE_ROW].append(
                limits.one_row_commits(
                    sqlite_alone.folder / "petition.db", seconds=seconds, seed=number
                )
            )
            runs[ON_SQLITE].append(_sign(sqlite_base, seconds, number))
    return runs


def _sign(base: str, seconds: float, seed_: int) -> Measured:
    measured = press(base, forms(base, PAGE, seed=seed_), seconds=seconds)
    if dict(measured.statuses).keys() != {303}:
        raise DrillError(f"not every form was kept: {dict(measured.statuses)}")
    return measured


def _targets(runs: Runs) -> list[Target]:
    def rate(name: str) -> list[float]:
        return [run.rate for run in runs[name]]

    def p99_to_p50(name: str) -> float:
        return ratio([run.p99_ms for run in runs[name]], [run.p50_ms for run in runs[name]])

    return [
        Target(
            name="signatures on PostgreSQL ÷ pgbench",
            value=ratio(rate(ON_POSTGRESQL), rate(PGBENCH)),
            bound=0.10,
        ),
        Target(
            name="signatures on SQLite ÷ its one-row commits",
            value=ratio(rate(ON_SQLITE), rate(ONE_ROW)),
            bound=0.20,
        ),
        Target(
            name="p99 ÷ p50 on PostgreSQL", value=p99_to_p50(ON_POSTGRESQL), bound=5, at_most=True
        ),
        Target(name="p99 ÷ p50 on SQLite", value=p99_to_p50(ON_SQLITE), bound=5, at_most=True),
    ]

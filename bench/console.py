"""console: the console's pages on very many signatures, beside the same pages on few.

Both installations run on their real servers at the same time. An owner who is signed in to both
asks for a page of the one and of the other by turns, one request after the other. Signatures are
in every state, and about nearly every public name staff have decided; lists have left, and a fifth
as many as there are signatures were erased since. Many are made from few inside the database
(bench/multiply.py), so that a million are there within some minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from bench import seed, states
from bench.instance import DATABASES, Workspace, open_workspace, served
from bench.load_generator import Measured, press
from bench.requests import get
from bench.signed_in import cookies_of
from bench.table import Target, heading, median, rates, ratio, verdict
from drills.failure import DrillError
from drills.http_client import hidden_fields
from drills.instance import CAMPAIGN

FEW = 10_000
MOST_ROWS = 5_000_000
BOUND = 1.5
NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
PAGES = {
    "campaign page": f"/staff/campaigns/{CAMPAIGN}",
    "signatures": f"/staff/campaigns/{CAMPAIGN}/signatures",
    "signatures, rejected": f"/staff/campaigns/{CAMPAIGN}/signatures?state=rejected",
    "signatures, by state": f"/staff/campaigns/{CAMPAIGN}/signatures?sort=-state",
    "names that wait": f"/staff/campaigns/{CAMPAIGN}/comments",
    "list of campaigns": "/staff/",
    "audit log": "/staff/audit",
    "people": "/staff/people",
}
"""Each must take as long on many as on few."""
FIND = "look-up by address"
ADDRESS = "seeded-5000@example.org"
"""Of a signature that is there in both."""
LONG = 600.0
"""Seconds that a command may take on many."""

Runs = dict[str, list[Measured]]


@dataclass(frozen=True, kw_only=True)
class Console:
    """A running console, and the cookies of an owner who is signed in to it."""

    base: str
    cookies: str

    def pages(self, path: str) -> Iterator[bytes]:
        """The same page for ever, as the owner's browser asks for it, from many senders."""
        end = f"Cookie: {self.cookies}\r\n\r\n".encode("ascii")
        asked = [get(self.base, path, sender=number)[:-2] + end for number in range(4096)]
        return itertools.cycle(asked)

    def searches(self) -> Iterator[bytes]:
        """The form that finds a signature by its whole address, sent for ever."""
        room = f"/staff/campaigns/{CAMPAIGN}/signatures"
        asked = Request(f"{self.base}{room}", headers={"Cookie": self.cookies})
        with urlopen(asked, timeout=20) as page:  # our own server
            hidden = hidden_fields(page.read())
        body = urlencode({"csrf_token": hidden["csrf_token"], "wanted": ADDRESS})
        head = get(self.base, f"{room}/find")[:-2].decode("ascii").replace("GET", "POST", 1)
        return itertools.repeat(
            f"{head}Origin: {self.base}\r\nSec-Fetch-Site: same-origin\r\n"
            f"Cookie: {self.cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii")
        )


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=1_000_000, help="signatures (1,000,000)")


def run(chosen: argparse.Namespace) -> int:
    """Print the table; 1 when a target was missed."""
    many = max(FEW, min(chosen.rows, MOST_ROWS) // FEW * FEW)
    runs: Runs = defaultdict(list)
    targets: list[Target] = []
    with open_workspace() as workspace:
        title = heading(
            "bench console (milliseconds a page, one after the other)",
            workspace.version(),
            rounds=chosen.rounds,
            seconds=chosen.seconds,
            few=f"{FEW:,}",
            many=f"{many:,}",
            seed=chosen.seed,
        )
        for database in DATABASES:
            _on(workspace, database, many, chosen, runs, targets)
    print(title)
    print(rates({name: median(measured) for name, measured in runs.items()}))
    return verdict(targets)


def _on(
    workspace: Workspace,
    database: str,
    many: int,
    chosen: argparse.Namespace,
    runs: Runs,
    targets: list[Target],
) -> None:
    with contextlib.ExitStack() as servers:
        consoles = {
            rows: servers.enter_context(_console(workspace, database, rows, chosen.seed))
            for rows in (FEW, many)
        }
        for page in (*PAGES, FIND):
            few, much = (f"{NAMES[database]}, {page}, {rows:,}" for rows in (FEW, many))
            for _ in range(chosen.rounds):
                runs[few].append(_shown(consoles[FEW], page, chosen.seconds))
                runs[much].append(_shown(consoles[many], page, chosen.seconds))
            targets.append(
                Target(
                    name=f"{NAMES[database]}: {page}, {many:,} ÷ {FEW:,}",
                    value=ratio(_p50(runs[much]), _p50(runs[few])),
                    bound=BOUND,
                    at_most=True,
                )
            )


def _p50(measured: list[Measured]) -> list[float]:
    return [each.p50_ms for each in measured]


@contextlib.contextmanager
def _console(workspace: Workspace, database: str, rows: int, seed_: int) -> Iterator[Console]:
    instance = workspace.instance(f"console_{database}_{rows}", database)
    seed.fill(instance, FEW, seed=seed_)
    states.spread(instance, FEW, rows)
    instance.run("count", CAMPAIGN, "--recount", seconds=LONG)
    instance.run("worker", "--once", seconds=LONG)
    with served(instance) as base:
        yield Console(base=base, cookies=cookies_of(instance))


def _shown(console: Console, page: str, seconds: float) -> Measured:
    asked = console.searches() if page == FIND else console.pages(PAGES[page])
    measured = press(console.base, asked, seconds=seconds, connections=1)
    expected = 303 if page == FIND else 200
    if dict(measured.statuses).keys() != {expected}:
        raise DrillError(f"{page} answers {dict(measured.statuses)}")
    return measured

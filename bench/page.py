"""page: the campaign page beside a page that only says hello, on the same server."""

from __future__ import annotations

import argparse
import contextlib
import itertools

from bench.crowd import CONNECTIONS, Measured, press
from bench.place import hello, place, served
from bench.requests import get
from bench.table import Target, heading, median, rates, ratio, verdict
from drills.stand import CAMPAIGN


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none of its own."""


def run(chosen: argparse.Namespace) -> int:
    """Print the table; 1 when the target was missed."""
    hellos: list[Measured] = []
    pages: list[Measured] = []
    with place() as found, contextlib.ExitStack() as servers:
        title = heading(
            "bench page (PostgreSQL behind it)",
            found.version(),
            rounds=chosen.rounds,
            seconds=chosen.seconds,
            connections=CONNECTIONS,
        )
        hello_base = servers.enter_context(hello(found.folder))
        base = servers.enter_context(served(found.stand("page", "postgresql")))
        for _ in range(chosen.rounds):
            said = itertools.repeat(get(hello_base, "/"))
            hellos.append(press(hello_base, said, seconds=chosen.seconds))
            shown = itertools.repeat(get(base, f"/en/{CAMPAIGN}"))
            pages.append(press(base, shown, seconds=chosen.seconds))
    print(title)
    print(rates({"hello page": median(hellos), "campaign page, compressed": median(pages)}))
    share = ratio([run.rate for run in pages], [run.rate for run in hellos])
    return verdict([Target(name="campaign page ÷ hello", value=share, bound=0.30)])

"""page: the campaign page beside a page that only says hello, on the same server."""

from __future__ import annotations

import argparse
import contextlib
import itertools

from bench.instance import hello, open_workspace, served
from bench.load_generator import CONNECTIONS, Measured, press
from bench.requests import get, gets
from bench.table import Target, heading, median, rates, ratio, verdict
from drills.instance import CAMPAIGN


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none of its own."""


def run(chosen: argparse.Namespace) -> int:
    """Print the table; 1 when the target was missed."""
    hellos: list[Measured] = []
    pages: list[Measured] = []
    with open_workspace() as workspace, contextlib.ExitStack() as servers:
        title = heading(
            "bench page (PostgreSQL behind it)",
            workspace.version(),
            rounds=chosen.rounds,
            seconds=chosen.seconds,
            connections=CONNECTIONS,
        )
        hello_base = servers.enter_context(hello(workspace.folder))
        base = servers.enter_context(served(workspace.instance("page", "postgresql")))
        for _ in range(chosen.rounds):
            said = itertools.repeat(get(hello_base, "/"))
            hellos.append(press(hello_base, said, seconds=chosen.seconds))
            shown = gets(base, f"/en/{CAMPAIGN}")
            pages.append(press(base, shown, seconds=chosen.seconds))
    print(title)
    print(rates({"hello page": median(hellos), "campaign page, compressed": median(pages)}))
    share = ratio([run.rate for run in pages], [run.rate for run in hellos])
    return verdict([Target(name="campaign page ÷ hello", value=share, bound=0.30)])

"""`petition status`: whether letters go out and counts go on; it looks and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

import click

from petition.cli.context import now, open_app
from petition.domain.letters.letter import FAILED, SENT, WITHHELD
from petition.store.campaigns import campaigns
from petition.store.counts import totals
from petition.store.db import Session, reading
from petition.store.letters import outbox
from petition.store.letters.budget import BudgetState, budget_state
from petition.web.http.dependencies import dependencies_of

SILENT: Final = timedelta(minutes=3)
"""A worker counts every half minute; who has not for so long does not run, or cannot."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    is_well: bool
    words: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status(as_json: bool) -> None:
    """Whether the worker counts and letters go out. Sends nothing. Exit 1 when something stands."""
    with open_app() as app, reading() as session:
        per_minute = dependencies_of(app).settings.letters_per_minute
        at = now()
        letters = budget_state(session, per_minute=per_minute, at=at)
        found = [
            _worker(session, at),
            _letters(letters, outbox.summary(session)),
            _mail_server(letters),
        ]
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found]))
    else:
        for each in found:
            click.echo(f"{'ok' if each.is_well else 'wrong':6} {each.name:12} {each.words}")
    if not all(each.is_well for each in found):
        raise SystemExit(1)


def _worker(session: Session, at: datetime) -> Finding:
    times = list(_counted(session))
    if not times:
        return Finding("worker", True, "there is no campaign to count")
    oldest = min(times, key=lambda each: each or datetime.min.replace(tzinfo=at.tzinfo))
    if oldest is None:
        return Finding("worker", False, "has not counted yet: does `petition worker` run?")
    words = f"counted at {oldest:%Y-%m-%d %H:%M:%S} UTC"
    if at - oldest > SILENT:
        return Finding("worker", False, f"{words} and not since: does `petition worker` run?")
    return Finding("worker", True, words)


def _counted(session: Session) -> Iterator[datetime | None]:
    for each in campaigns.listed(session):
        yield totals.folded_at(session, each.id)


def _letters(letters: BudgetState, by_state: dict[str, int]) -> Finding:
    past = ", ".join(f"{by_state.get(state, 0)} {state}" for state in (SENT, FAILED, WITHHELD))
    return Finding("letters", True, f"{letters.waiting} due, {letters.later} for later; {past}")


def _mail_server(letters: BudgetState) -> Finding:
    relay = letters.relay
    for since, does in ((relay.held_since, "refuses our letters"), (relay.away_since, "is away")):
        if since is not None:
            words = f"{does} since {since:%Y-%m-%d %H:%M} UTC ({relay.reason}): letters wait"
            return Finding("mail server", False, words)
    if relay.providers:
        names = ", ".join(each.name for each in relay.providers)
        return Finding("mail server", False, f"{names}: blocks our letters; they wait an hour")
    return Finding("mail server", True, "nothing is known against it")

"""`petition retention …` and `petition recall`."""

from __future__ import annotations

import json
from collections import Counter

import click

from petition.cli.files import write
from petition.cli.opening import asking, house_open, now
from petition.config import Settings
from petition.services import exporting, retaining
from petition.store import ledger, mailfiles
from petition.store.db import db, forget_freed, reading, transaction
from petition.store.journal import Journal


@click.group()
def retention() -> None:
    """Retention: what is kept for how long, and letting it go."""


@retention.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def run(dry_run: bool, as_json: bool) -> None:
    """Erase what is past its time. The worker does this every hour by itself.

    That is: forms that nobody confirmed for seven days, all signatures of a campaign that was
    closed long enough ago, and what the journal of erasures says was erased before.
    """
    with house_open() as app:
        house = app.extensions["petition"]
        found = _look(house.journal) if dry_run else _run(house.settings, house.journal)
    if as_json:
        click.echo(json.dumps({"due" if dry_run else "erased": found}))
        return
    for what, number in found.items():
        click.echo(f"{number} {what}{' would go' if dry_run else ' erased'}")
    if not found:
        click.echo("nothing is due")


def _look(journal: Journal) -> dict[str, int]:
    with reading() as session:
        due = retaining.due(session, journal, at=now())
    return {step.what: step.number for step in due if step.number}


def _run(settings: Settings, journal: Journal) -> dict[str, int]:
    done: Counter[str] = Counter()
    at = now()
    for step in retaining.run(reading, transaction, journal, at=at):
        mailfiles.remove(settings, step.letter_ids)
        if step.number:
            done[step.what] += step.number
    retaining.note(reading, transaction, at=at)
    with transaction() as session:
        ledger.note(
            session,
            who=asking(),
            action="retention run",
            outcome="done",
            at=at,
            detail=json.dumps(done) if done else None,
        )
    if done:
        forget_freed(db.engine)
    return dict(done)


@click.command()
@click.argument("export_id", type=click.IntRange(1, 2**63 - 1))
@click.option("-o", "--output", required=True, help="The file, or - for standard output.")
def recall(export_id: int, output: str) -> None:
    """What the export EXPORT_ID holds that was withdrawn or erased since, as CSV.

    Whoever holds that file must take these signatures out of it. They are named by the number in
    its first column, and by nothing else.
    """
    with house_open(), reading() as session:
        write(exporting.recall(session, export_id), output)

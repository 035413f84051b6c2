"""`petition retention …` and `petition recall`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Final

import click

from petition.cli.context import note, now, open_app
from petition.cli.files import write
from petition.services.exports import csv_file
from petition.services.privacy import retention as privacy_retention
from petition.services.privacy.erasure import ErasureContext
from petition.services.privacy.retention import Kind, Step
from petition.store.campaigns import campaigns
from petition.store.db import db, reading, transaction, vacuum
from petition.store.exports import contents
from petition.web.http.dependencies import dependencies_of

WORDS: Final = {
    Kind.CODE_TRIES: "tries of codes",
    Kind.SENDER_HASHES: "hashes of senders, of earlier days",
    Kind.ENDED_WIDER_LIMITS: "places whose wider limits have ended",
    Kind.ERASED_BEFORE: "signatures erased before, back from an old copy",
    Kind.WITHDRAWN: "signatures withdrawn more than an hour ago",
    Kind.UNCONFIRMED_FORMS: "forms that nobody confirmed",
    Kind.MESSAGE_TEXTS: "texts of messages that were sent long enough ago",
    Kind.SIGNATURES: "signatures of %s",
}

Numbers = Counter[tuple[Kind, str]]
"""How many of each kind, and of which campaign ("" where it is not about one)."""


@click.group()
def retention() -> None:
    """Retention: what is kept for how long, and letting it go."""


@retention.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def run(dry_run: bool, as_json: bool) -> None:
    """Erase what is past its time. The worker does this every hour by itself.

    That is: signatures withdrawn an hour ago, forms that nobody confirmed for seven days, texts of
    messages that were sent long enough ago, all signatures of a campaign that was closed long
    enough ago, and what the journal of erasures says was erased before.
    """
    with open_app() as app:
        deps = dependencies_of(app)
        found = _look(deps.erasure_context) if dry_run else _run(deps.erasure_context)
    if as_json:
        click.echo(json.dumps({"due" if dry_run else "erased": _document(found)}))
        return
    for (kind, slug), number in found.items():
        what = WORDS[kind] % slug if slug else WORDS[kind]
        click.echo(f"{number} {what}{' would go' if dry_run else ' erased'}")
    if not found:
        click.echo("nothing is due")


def _document(found: Numbers) -> dict[str, object]:
    """The same keys always: a number for each kind, and signatures by campaign."""
    numbers: dict[str, object] = {
        kind: found[kind, ""] for kind in Kind if kind is not Kind.SIGNATURES
    }
    by_campaign = {slug: n for (kind, slug), n in found.items() if kind is Kind.SIGNATURES}
    return {**numbers, Kind.SIGNATURES: by_campaign}


def _summed(steps: Iterable[Step]) -> Numbers:
    found: Numbers = Counter()
    for step in steps:
        if step.number:
            found[step.kind, step.slug or ""] += step.number
    return found


def _look(context: ErasureContext) -> Numbers:
    with reading() as session:
        return _summed(privacy_retention.due(session, context, at=now()))


def _run(context: ErasureContext) -> Numbers:
    at = now()
    done = _summed(privacy_retention.run(reading, transaction, context, at=at))
    privacy_retention.note(reading, transaction, at=at)
    with transaction() as session:
        note(session, "retention run", json.dumps(_document(done)) if done else None)
    if done:
        vacuum(db.engine)
    return done


@click.command()
@click.argument("export_id", type=click.IntRange(1, 2**63 - 1))
@click.option("-o", "--output", required=True, help="The file, or - for standard output.")
def recall(export_id: int, output: str) -> None:
    """What the export EXPORT_ID must let go since it left, as CSV.

    Whoever holds that file must take these signatures out of it: withdrawn, erased or rejected
    since. They are named by what stands in its first column, the number or the list's own
    reference, and by nothing else.
    """
    with open_app() as app:
        with transaction() as session:
            slug = campaigns.slug(session, contents.campaign_of(session, export_id))
            note(session, "recall list", f"{slug}: list {export_id}")
        with reading() as session:
            write(csv_file.recall(session, dependencies_of(app).vault, export_id), output)

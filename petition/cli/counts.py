"""`petition count` and `petition export`."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime
from typing import Final

import click

from petition.cli import message_counts
from petition.cli.context import now, open_app, operator, progress
from petition.cli.files import write
from petition.domain.messages.steps import By
from petition.domain.signatures import states
from petition.services.exports import csv_file
from petition.services.exports.csv_file import Export, NotForTarget
from petition.store.campaigns import campaigns
from petition.store.counts import totals
from petition.store.db import UNAVAILABLE, Session, reading, snapshot_transaction, transaction
from petition.store.partners import partners
from petition.store.signatures.signatures import Filters
from petition.web.http.dependencies import dependencies_of

_BY: Final = tuple(dict.fromkeys((*totals.BY, *By)))
"""Not each of them goes with signatures, nor with messages."""


@click.command()
@click.argument("slug")
@click.option("--by", "dimension", type=click.Choice(_BY), help="Break it down.")
@click.option("--messages", is_flag=True, help="Count messages to the targets, by their steps.")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
)
@click.option("--recount", is_flag=True, help="Count the signatures themselves, repair the totals.")
def count(slug: str, dimension: str | None, shape: str, recount: bool, messages: bool) -> None:
    """Confirmed signatures of the campaign SLUG, as last folded (at most 60 s ago)."""
    if messages and recount:
        raise click.UsageError("--recount counts signatures, not messages")
    if not messages and dimension not in (None, *totals.BY):
        raise click.UsageError(f"--by {dimension} goes with --messages only")
    with open_app():
        if messages:
            message_counts.print_counts(slug, dimension, shape)
            return
        if recount:
            before, after = _recount(slug)
            if before != after:
                click.echo(f"{slug}: the total was {before} and is now {after}", err=True)
        with reading() as session:
            campaign = campaigns.by_slug(session, slug)
            total = totals.total(session, campaign.id)
            folded_at = totals.folded_at(session, campaign.id)
            rows = totals.by(session, campaign.id, dimension) if dimension else []
            names = _names(session, slug) if dimension == "partner" else {}
    if shape == "json":
        document: dict[str, object] = {
            "campaign": slug,
            "confirmed": total,
            "as_of": folded_at.isoformat() if folded_at else None,
        }
        if dimension:
            document["by"] = dimension
            document["counts"] = [
                {"value": value, "confirmed": n}
                | ({"name": names[value]} if value in names else {})
                for value, n in rows
            ]
        click.echo(json.dumps(document))
    elif shape == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow([dimension or "campaign", "confirmed"])
        writer.writerows(rows if dimension else [(slug, total)])
    else:
        for value, number in rows:
            called = f" ({names[value]})" if value in names else ""
            click.echo(f"{value or '(none)'}{called}: {number}")
        click.echo(f"{slug}: {total} confirmed")


def _names(session: Session, slug: str) -> dict[str, str]:
    """What the partners of a campaign are called, by key."""
    return {key: each.name for key, each in partners.of_campaign(session, slug).items()}


def _recount(slug: str) -> tuple[int, int]:
    """Again when another worker folded in between: the database refuses one of the two."""
    for attempt in range(5):
        try:
            with snapshot_transaction() as session:
                campaign = campaigns.by_slug(session, slug)
                return totals.recount(session, campaign.id, at=now())
        except UNAVAILABLE:
            if attempt == 4:
                raise
    raise AssertionError


@click.command()
@click.argument("slug")
@click.option("--reason", required=True, help="Why; stands in the ledger.")
@click.option("-o", "--output", required=True, help="The file, or - for standard output.")
@click.option("--format", "shape", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option(
    "--state",
    "wanted",
    type=click.Choice([*map(str, states.IN_LISTS), "all"]),
    multiple=True,
    default=["confirmed"],
    show_default=True,
)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]), help="Signed from then on."
)
@click.option("--updates", type=click.Choice(["yes"]), help="Only those who want news.")
@click.option(
    "--for-target", is_flag=True, help="Names and countries of those who hand their name over."
)
@click.option("--bom", is_flag=True, help="With the mark by which Excel sees that it is UTF-8.")
def export(
    slug: str,
    reason: str,
    output: str,
    shape: str,
    wanted: tuple[str, ...],
    since: datetime | None,
    updates: str | None,
    for_target: bool,
    bom: bool,
) -> None:
    """Take the signatures of the campaign SLUG out as CSV, with an entry in the ledger.

    Who withdrew is in no list, whatever states are asked for.
    """
    filters = Filters(
        states=states.IN_LISTS if "all" in wanted else wanted,
        since=since.replace(tzinfo=UTC) if since else None,
        updates=updates,
    )
    if for_target:
        try:
            csv_file.check_filters(filters)
        except NotForTarget as error:
            raise click.UsageError(str(error)) from None
    order = Export(
        slug=slug,
        by=operator(),
        reason=reason,
        filters=filters,
        for_target=for_target,
        for_excel=bom,
    )
    with open_app() as app:
        with reading() as session:
            campaign = campaigns.by_slug(session, slug)
            expected = sum(
                number
                for state, number in totals.states_of(session, campaign.id).items()
                if state in filters.states
            )
        with progress("exporting", expected) as step:
            chunks = csv_file.export(
                order,
                dependencies_of(app).vault,
                reading=reading,
                transaction=transaction,
                now=now,
                progress=step,
            )
            write(chunks, output)

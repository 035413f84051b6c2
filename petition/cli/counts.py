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
from petition.domain.exports.recipient import RecipientRefused, SecretKeyGiven, recipient_of
from petition.domain.messages.steps import By
from petition.domain.signatures import states
from petition.services.exports import csv_file
from petition.services.exports.csv_file import Export, NotForTarget
from petition.services.partners import handing_over
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
    "--for",
    "whose",
    metavar="organiser|target|partner:KEY",
    default="organiser",
    help="Whose list it is. A partner's holds who said yes to it, encrypted to its own key.",
)
@click.option("--for-target", is_flag=True, help="The same as --for target.")
@click.option(
    "--age-recipient",
    "recipient",
    metavar="KEY",
    help="Encrypt it to this public key, age1… or ssh-…",
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
    whose: str,
    for_target: bool,
    recipient: str | None,
    bom: bool,
) -> None:
    """Take the signatures of the campaign SLUG out as CSV, with an entry in the ledger.

    Who withdrew is in no list, whatever states are asked for. The target's list holds names and
    countries of those who hand their name over.
    """
    is_for_target, partner = _whose(whose, for_target, recipient)
    filters = Filters(
        states=states.IN_LISTS if "all" in wanted else wanted,
        since=since.replace(tzinfo=UTC) if since else None,
        updates=updates,
    )
    if partner is not None and filters != Filters():
        raise click.UsageError("a partner's list takes no choice: it holds who said yes to it")
    if is_for_target:
        try:
            csv_file.check_filters(filters)
        except NotForTarget as error:
            raise click.UsageError(str(error)) from None
    order = Export(
        slug=slug,
        by=operator(),
        reason=reason,
        filters=filters,
        for_target=is_for_target,
        for_excel=bom,
        partner=partner,
        recipient=recipient,
    )
    with open_app() as app:
        with reading() as session:
            campaign = campaigns.by_slug(session, slug)
            if partner is not None:
                handing_over.list_for(session, slug, partner)  # or the file is not begun
            expected = _expected(session, campaign.id, order)
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


def _whose(whose: str, for_target: bool, recipient: str | None) -> tuple[bool, str | None]:
    """Whether the list is the target's, and the key of the partner whose it is."""
    kind, _, key = whose.partition(":")
    if whose in {"organiser", "target"}:
        if recipient is not None:
            _check_recipient(recipient)
        return for_target or whose == "target", None
    if kind != "partner" or not key:
        raise click.BadParameter("takes organiser, target or partner:KEY", param_hint="--for")
    if for_target or recipient is not None:
        raise click.UsageError("a partner's list goes to that partner's own key alone")
    return False, key


def _check_recipient(text: str) -> None:
    try:
        recipient_of(text)
    except SecretKeyGiven:
        # It is not repeated: whoever sees the message could read the lists.
        raise click.BadParameter(
            "this is the secret part of a key; take the line that begins with age1",
            param_hint="--age-recipient",
        ) from None
    except RecipientRefused:
        raise click.BadParameter(
            "takes a public key that begins with age1 or ssh-", param_hint="--age-recipient"
        ) from None


def _expected(session: Session, campaign_id: int, order: Export) -> int:
    """About how many rows come: signatures by their totals, which costs nothing."""
    if order.partner is not None:
        return csv_file.count(session, campaign_id, order)
    standing = totals.states_of(session, campaign_id)
    return sum(number for state, number in standing.items() if state in order.filters.states)

"""`petition comments …`."""

from __future__ import annotations

import json

import click

from petition.cli.context import now, open_app, operator
from petition.domain.signatures.moderation import NAME_ONLY, REFUSED, SHOWN, VERDICTS
from petition.services.signatures import moderation
from petition.services.signatures.moderation import Named
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of

IDS = click.argument(
    "ids", metavar="ID...", type=click.IntRange(1, 2**63 - 1), nargs=-1, required=True
)


@click.group()
def comments() -> None:
    """Names and comments that may be public: nothing is shown before somebody read it."""


@comments.command("list")
@click.argument("slug")
@click.option(
    "--decided", type=click.Choice([*map(str, VERDICTS)]), help="Those decided so, the last first."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_(slug: str, decided: str | None, as_json: bool) -> None:
    """The next twenty of SLUG that wait for a decision, oldest first, each with its id."""
    with open_app() as app:
        vault = dependencies_of(app).vault
        with reading() as session:
            campaign_id = campaigns.by_slug(session, slug).id
            if decided is None:
                found = moderation.queue(session, vault, campaign_id)
            else:
                found = moderation.decided(session, vault, campaign_id, decided).names
        with transaction() as session:
            moderation.note_read(session, slug, found, by=operator(), role="server", at=now())
    if as_json:
        click.echo(json.dumps([_record(each) for each in found], ensure_ascii=False))
        return
    for each in found:
        click.echo(f"{each.signature_id}: {each.name}, {each.country}")
        for line in each.comment.splitlines():
            click.echo(f"    {line}")
    if not found:
        click.echo("nothing waits" if decided is None else "none")


def _record(each: Named) -> dict[str, object]:
    return {
        "signature_id": each.signature_id,
        "name": each.name,
        "country": each.country,
        "comment": each.comment,
        "verdict": each.verdict,
        "by": each.by,
        "at": each.at.isoformat() if each.at is not None else None,
    }


@comments.command()
@IDS
def approve(ids: tuple[int, ...]) -> None:
    """Let everyone read name, country and comment of these signatures."""
    _decide(ids, SHOWN)


@comments.command("name-only")
@IDS
def name_only(ids: tuple[int, ...]) -> None:
    """Let everyone read name and country of these signatures, not the comment."""
    _decide(ids, NAME_ONLY)


@comments.command()
@IDS
def refuse(ids: tuple[int, ...]) -> None:
    """Show nothing of these signatures. They count all the same."""
    _decide(ids, REFUSED)


def _decide(ids: tuple[int, ...], verdict: str) -> None:
    """All of them or, when one cannot be, none."""
    with open_app() as app, transaction() as session:
        for signature_id in ids:
            moderation.decide(
                session,
                dependencies_of(app).vault,
                signature_id,
                verdict,
                seen=None,
                campaign_id=None,
                by=operator(),
                at=now(),
            )
    for signature_id in ids:
        click.echo(f"{signature_id}: {verdict.replace('_', ' ')}")

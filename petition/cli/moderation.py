"""`petition comments …`."""

from __future__ import annotations

import json

import click

from petition import i18n
from petition.cli.context import now, open_app, operator
from petition.domain.signatures.moderation import NAME_ONLY, REFUSED, SHOWN, VERDICTS, NameFilter
from petition.errors import PetitionError
from petition.services.signatures import moderation, review_queue, review_undo
from petition.services.signatures.moderation import Named
from petition.store.campaigns import campaigns
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of

IDS = click.argument(
    "ids", metavar="ID...", type=click.IntRange(1, 2**63 - 1), nargs=-1, required=True
)
WITH, WITHOUT = "with", "without"


@click.group()
def comments() -> None:
    """Names and comments that may be public: nothing is shown before somebody read it."""


@comments.command("list")
@click.argument("slug")
@click.option(
    "--decided", type=click.Choice([*map(str, VERDICTS)]), help="Those decided so, the last first."
)
@click.option("--language", type=click.Choice(i18n.codes()), help="Only forms in this language.")
@click.option("--country", metavar="CODE", help="Only this country, by its two letters.")
@click.option(
    "--comment",
    type=click.Choice([WITH, WITHOUT]),
    help="Of those that wait, only with a comment, or only without one.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_(
    slug: str,
    decided: str | None,
    language: str | None,
    country: str | None,
    comment: str | None,
    as_json: bool,
) -> None:
    """The next twenty of SLUG that wait for a decision, oldest first, each with its id.

    Nobody else is shown them for five minutes; what others read just now is left out.
    """
    if decided is not None and comment is not None:
        raise click.UsageError("--comment is for those that wait, not for those --decided")
    wanted = NameFilter(
        language=language,
        country=country.upper() if country is not None else None,
        has_comment=None if comment is None else comment == WITH,
    )
    with open_app() as app, transaction() as session:
        vault, by, at = dependencies_of(app).vault, operator(), now()
        campaign_id = campaigns.by_slug(session, slug).id
        if decided is None:
            found = review_queue.take(session, vault, campaign_id, wanted, by=by, at=at).names
        else:
            found = moderation.decided(session, vault, campaign_id, decided, wanted).names
        moderation.note_read(session, slug, found, by=by, role="server", at=at)
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


@comments.command()
@click.argument("slug")
def undo(slug: str) -> None:
    """Undo what the last of these commands decided on SLUG, within an hour of it."""
    with open_app(), transaction() as session:
        campaign_id = campaigns.by_slug(session, slug).id
        undone = review_undo.undo(session, campaign_id, by=operator(), at=now())
    if undone is None:
        raise PetitionError("there is nothing to undo")
    for signature_id in undone.signature_ids:
        click.echo(f"{signature_id}: as before")
    if undone.left:
        click.echo(f"{undone.left} left as they are now: changed since")


def _decide(ids: tuple[int, ...], verdict: str) -> None:
    """All of them or, when one cannot be, none."""
    at, batch = now(), moderation.new_batch()
    with open_app() as app, transaction() as session:
        for signature_id in sorted({*ids}):
            moderation.decide(
                session,
                dependencies_of(app).vault,
                signature_id,
                verdict,
                seen=None,
                campaign_id=None,
                by=operator(),
                at=at,
                batch=batch,
            )
    for signature_id in ids:
        click.echo(f"{signature_id}: {verdict.replace('_', ' ')}")

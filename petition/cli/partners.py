"""`petition partner …`."""

from __future__ import annotations

import json

import click

from petition.cli.context import now, open_app, operator
from petition.services.partners import partners as services_partners
from petition.services.partners.partners import NewPartner
from petition.services.partners.snippets import snippets
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction
from petition.store.partners import partners as store_partners
from petition.web.http.dependencies import dependencies_of


@click.group()
def partner() -> None:
    """Partners: organisations that show a campaign's form on their own sites."""


@partner.command()
@click.argument("slug")
@click.argument("name")
@click.option(
    "--site",
    "sites",
    metavar="ADDRESS",
    multiple=True,
    required=True,
    help="A site that may show the form, as https://union.example.org. Can be given several times.",
)
def add(slug: str, name: str, sites: tuple[str, ...]) -> None:
    """Make a partner of the campaign SLUG, called NAME, and print what it pastes."""
    with open_app() as app:
        with transaction() as session:
            command = NewPartner(campaign=slug, name=name, sites=sites)
            key = services_partners.add(session, command, by=operator(), at=now())
        with reading() as session:
            made = store_partners.by_key(session, key)
            language = campaigns.by_slug(session, slug).default_language
            words = campaigns.view(session, slug, language).call.ask
        assert made is not None
        base_url = dependencies_of(app).settings.base_url
    click.echo(f"{key}: {made.name}, {', '.join(made.origins)}", err=True)
    click.echo(snippets(base_url, made, language=language, words=words).script)


@partner.command("list")
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_(slug: str, as_json: bool) -> None:
    """The partners of the campaign SLUG, each with its key, oldest first."""
    with open_app(), reading() as session:
        campaigns.by_slug(session, slug)
        found = store_partners.of_campaign(session, slug).values()
    if as_json:
        document = [
            {
                "key": each.key,
                "name": each.name,
                "sites": each.origins,
                "state": each.state,
                "made_by": each.made_by,
                "made_at": each.made_at.isoformat(),
            }
            for each in found
        ]
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    for each in found:
        click.echo(f"{each.key}  {each.state:7}  {each.name}  {', '.join(each.origins)}")
    if not found:
        click.echo("none")


@partner.command()
@click.argument("key")
def block(key: str) -> None:
    """Show no form of the partner with this KEY any more, and take none: within a minute."""
    with open_app(), transaction() as session:
        changed = services_partners.block(session, key, campaign=None, by=operator(), at=now())
    click.echo(f"{key}: {'blocked' if changed else 'was blocked'}")


@partner.command()
@click.argument("key")
def lift(key: str) -> None:
    """Let the partner with this KEY go on as before it was blocked."""
    with open_app(), transaction() as session:
        changed = services_partners.lift(session, key, campaign=None, by=operator(), at=now())
    click.echo(f"{key}: {'goes on' if changed else 'was not blocked'}")

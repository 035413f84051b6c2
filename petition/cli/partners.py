"""`petition partner …`."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
from flask import Flask

from petition import i18n
from petition.cli.context import now, open_app, operator
from petition.domain.partners.page_link import DAYS
from petition.domain.partners.terms import terms_of
from petition.services.partners import (
    arrangements,
    page_links,
    partners as services_partners,
    questions,
)
from petition.services.partners.partners import NewPartner
from petition.services.partners.snippets import snippets
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction
from petition.store.partners import partners as store_partners, terms as store_terms
from petition.web.http.dependencies import dependencies_of


@click.group()
def partner() -> None:
    """Partners: organisations that show a campaign's form on their own sites."""


def _terms(add: Callable[..., None]) -> Callable[..., None]:
    """The options of what is arranged with a partner."""
    for option in reversed(
        (
            click.option("--controller", metavar="NAME", help="Who is responsible, by law's name."),
            click.option(
                "--privacy",
                metavar="ADDRESS",
                required=True,
                help="Its privacy notice, as https://union.example.org/privacy.",
            ),
            click.option(
                "--contact", metavar="EMAIL", required=True, help="Where its person is reached."
            ),
            click.option("--language", default="en", help="In which we write to it [en]."),
            click.option(
                "--keep-months", default=12, help="How long it may keep who said yes [12]."
            ),
        )
    ):
        add = option(add)
    return add


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
@_terms
def add(
    slug: str,
    name: str,
    sites: tuple[str, ...],
    controller: str | None,
    privacy: str,
    contact: str,
    language: str,
    keep_months: int,
) -> None:
    """Make a partner of the campaign SLUG, called NAME, and print what it pastes.

    Its key works once a person there has accepted by the link that is printed beside it.
    """
    with open_app() as app:
        with transaction() as session:
            command = NewPartner(campaign=slug, name=name, sites=sites)
            key = services_partners.add(session, command, by=operator(), at=now())
            arranged = terms_of(
                controller=controller or name,
                privacy_url=privacy,
                contact_email=contact,
                language=_known(language),
                retention_months=keep_months,
            )
            arrangements.set_terms(session, key, arranged, campaign=slug, by=operator(), at=now())
        with reading() as session:
            made = store_partners.by_key(session, key)
            spoken = campaigns.by_slug(session, slug).default_language
            words = campaigns.view(session, slug, spoken).call.ask
        assert made is not None
        base_url = dependencies_of(app).settings.base_url
        link = _link(app, key)
    click.echo(f"{key}: {made.name}, {', '.join(made.origins)}", err=True)
    click.echo(f"to accept, once, within two weeks: {link}", err=True)
    click.echo(snippets(base_url, made, language=spoken, words=words).script)


def _known(language: str) -> str:
    if language not in i18n.codes():
        raise click.BadParameter(f"takes one of {', '.join(i18n.codes())}", param_hint="--language")
    return language


def _link(app: Flask, key: str) -> str:
    deps = dependencies_of(app)
    with reading() as session:
        found = services_partners.of_campaign(session, key, None)
        newest = store_terms.newest(session, found.id)
    assert newest is not None
    return arrangements.accept_link(deps.tokens, deps.settings.base_url, newest.id, at=now())


@partner.command()
@click.argument("key")
@_terms
def terms(
    key: str,
    controller: str | None,
    privacy: str,
    contact: str,
    language: str,
    keep_months: int,
) -> None:
    """Arrange something else with the partner with this KEY; print the link to accept it by.

    Until it is accepted, the form goes on without the partner's question.
    """
    with open_app() as app:
        with transaction() as session:
            found = services_partners.of_campaign(session, key, None)
            arranged = terms_of(
                controller=controller or found.name,
                privacy_url=privacy,
                contact_email=contact,
                language=_known(language),
                retention_months=keep_months,
            )
            arrangements.set_terms(session, key, arranged, campaign=None, by=operator(), at=now())
        link = _link(app, key)
        with reading() as session:
            waits = not services_partners.of_campaign(session, key, None).accepts_now
    click.echo(link if waits else "accepted already")


@partner.command("new-key")
@click.argument("key")
def new_key(key: str) -> None:
    """Ask the partner with this KEY for another key to encrypt its lists to.

    It accepts the same arrangement once more, by the link that is printed. Until then there is no
    list for it, and its question is not asked.
    """
    with open_app() as app:
        with transaction() as session:
            arrangements.ask_anew(session, key, campaign=None, by=operator(), at=now())
        click.echo(_link(app, key))


@partner.command()
@click.argument("key")
@click.argument("language")
@click.argument("text")
def question(key: str, language: str, text: str) -> None:
    """Ask TEXT in LANGUAGE on the forms of the partner with this KEY; nothing where it is empty."""
    with open_app(), transaction() as session:
        changed = questions.put(
            session, key, language, text, campaign=None, by=operator(), at=now()
        )
    click.echo("asked" if changed and text.strip() else "not asked" if changed else "as before")


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
                "accepted": each.accepts_now,
                "made_by": each.made_by,
                "made_at": each.made_at.isoformat(),
            }
            for each in found
        ]
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    for each in found:
        state = each.state if each.accepts_now or each.is_blocked else "waits"
        click.echo(f"{each.key}  {state:7}  {each.name}  {', '.join(each.origins)}")
    if not found:
        click.echo("none")


@partner.command()
@click.argument("key")
@click.option(
    "--days", type=int, default=DAYS, show_default=True, help="For how many days it is good."
)
@click.option("--revoke", is_flag=True, help="Take the link back instead.")
def link(key: str, days: int, revoke: bool) -> None:
    """Print a link to the own page of the partner with this KEY; its earlier link is dead."""
    with open_app() as app:
        with transaction() as session:
            if revoke:
                done = page_links.revoke(session, key, campaign=None, by=operator(), at=now())
                click.echo(f"{key}: {'revoked' if done else 'had no link'}")
                return
            token = page_links.make(session, key, campaign=None, days=days, by=operator(), at=now())
        base_url = dependencies_of(app).settings.base_url
    click.echo(f"{key}: shown once, good for {days} days", err=True)
    click.echo(f"{base_url}/partner/{token}")


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

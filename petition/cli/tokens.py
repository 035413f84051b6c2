"""`petition token …`."""

from __future__ import annotations

import json

import click

from petition.cli.context import now, open_app, operator
from petition.domain.api.tokens import DAYS, Scope
from petition.services.api import tokens as services_tokens
from petition.services.api.tokens import NewToken
from petition.store.api import tokens as store_tokens
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction

_SCOPES = [scope.value for scope in Scope]


@click.group()
def token() -> None:
    """Tokens by which programs read signatures from the API."""


@token.command()
@click.argument("slug")
@click.option(
    "--partner", metavar="KEY", help="For a program of this partner: it reads its people alone."
)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(_SCOPES),
    multiple=True,
    default=_SCOPES,
    help="What it opens. Can be given several times; everything if nothing is said.",
)
@click.option("--days", type=int, default=DAYS, show_default=True, help="For how long: 1 to 366.")
def add(slug: str, partner: str | None, scopes: tuple[str, ...], days: int) -> None:
    """Make a token for the campaign SLUG and print it: it can be read only now."""
    command = NewToken(campaign=slug, partner=partner, scopes=tuple(map(Scope, scopes)), days=days)
    with open_app(), transaction() as session:
        made = services_tokens.make(session, command, by=operator(), at=now())
    click.echo(made)


@token.command("list")
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_(slug: str, as_json: bool) -> None:
    """The tokens of the campaign SLUG and its partners, by how each begins, newest first."""
    with open_app(), reading() as session:
        campaigns.by_slug(session, slug)
        found = store_tokens.of_campaign(session, slug)
        at = now()
    if as_json:
        document = [
            {
                "token": each.shown,
                "partner": each.partner,
                "scopes": each.scopes,
                "made_by": each.made_by,
                "made_at": each.made_at.isoformat(),
                "expires_at": each.expires_at.isoformat(),
                "last_used_on": each.last_used_on.isoformat() if each.last_used_on else None,
                "revoked_at": each.revoked_at.isoformat() if each.revoked_at else None,
            }
            for each in found
        ]
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    for each in found:
        state = "good" if each.is_good(at) else "revoked" if each.revoked_at else "past"
        used = f"used {each.last_used_on}" if each.last_used_on else "never used"
        click.echo(
            f"{each.shown}…  {state:7}  {each.partner_name or 'ours'}  {' '.join(each.scopes)}"
            f"  until {each.expires_at:%Y-%m-%d}  {used}"
        )
    if not found:
        click.echo("none")


@token.command()
@click.argument("begins")
def revoke(begins: str) -> None:
    """End the token that BEGINS so (its first twelve characters): it opens nothing any more."""
    with open_app(), transaction() as session:
        services_tokens.revoke(session, begins, campaign=None, by=operator(), at=now())
    click.echo(f"{begins}: revoked")

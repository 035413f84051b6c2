"""`petition abuse …`: the limits by sender, in numbers, and wider ones for a place."""

from __future__ import annotations

import json

import click

from petition.cli.context import now, open_app, operator
from petition.domain.abuse.places import FACTOR, MOST_FACTOR, MOST_HOURS
from petition.services.abuse import places
from petition.store.abuse import figures, senders
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of


@click.group()
def abuse() -> None:
    """Limits by sender: how they work, and wider ones for a place."""


@abuse.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status(as_json: bool) -> None:
    """How many senders met which limit, and what waits for its turn. Names nobody."""
    at = now()
    with open_app() as app:
        letters = dependencies_of(app).settings.limits.letters
        with reading() as session:
            refused = figures.refused(session, at=at)
            waiting = figures.waiting(session, at=at, burst=letters.burst, an_hour=letters.an_hour)
    if as_json:
        document = {
            "today": {
                each.action: {
                    "senders": each.senders,
                    "refused": each.refused,
                    "senders_refused_today": each.over_today,
                    "senders_refused_this_hour": each.over_this_hour,
                }
                for each in refused
            },
            "waiting": {
                "letters": waiting.letters,
                "until": waiting.last_due.isoformat() if waiting.last_due else None,
                "senders": waiting.senders,
            },
        }
        click.echo(json.dumps(document))
        return
    for each in refused:
        click.echo(
            f"{each.action:14} {each.senders} senders counted today, {each.over_today} refused "
            f"{each.refused} times, {each.over_this_hour} of them within the hour"
        )
    until = f", the last until {waiting.last_due:%Y-%m-%d %H:%M} UTC" if waiting.last_due else ""
    click.echo(f"{waiting.letters} letters of {waiting.senders} senders wait their turn{until}")


@abuse.command()
@click.argument("cidr")
@click.option("--hours", type=click.IntRange(1, MOST_HOURS), required=True, help="From now on.")
@click.option("--factor", type=click.IntRange(2, MOST_FACTOR), default=FACTOR, show_default=True)
def widen(cidr: str, hours: int, factor: int) -> None:
    """Widen the limits for the network CIDR: an event's Wi-Fi, a campus.

    It is kept until then and no longer.
    """
    with open_app(), transaction() as session:
        network = places.widen(session, cidr, hours=hours, factor=factor, by=operator(), at=now())
    click.echo(f"{network}: limits are {factor} times as wide for {hours} hours")


@abuse.command("list")
def list_() -> None:
    """The places whose limits are wider now, the first to end first."""
    with open_app(), reading() as session:
        found = senders.allowances(session, at=now())
    for each in found:
        click.echo(f"{each.network}  {each.factor} times  until {each.until:%Y-%m-%d %H:%M} UTC")


@abuse.command()
@click.argument("cidr")
def narrow(cidr: str) -> None:
    """The usual limits for the network CIDR again."""
    with open_app(), transaction() as session:
        was = places.narrow(session, cidr, by=operator(), at=now())
    click.echo(f"{cidr}: {'the usual limits again' if was else 'had the usual limits'}")

"""`petition campaign …` and `petition provider …`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from petition.app import SHIPPED
from petition.cli.opening import asking, house_open, now
from petition.domain.milestones import goal_at
from petition.domain.target import PatternRefused, PatternTooWide, pattern
from petition.services import campaigning, retaining, targeting
from petition.store import campaigns, counts, outbox, targets
from petition.store.db import reading, transaction


@click.group()
def campaign() -> None:
    """Campaigns: load, list, open, close, and what belongs to each."""


@campaign.command()
@click.argument("folder", type=click.Path(path_type=Path))
def load(folder: Path) -> None:
    """Put the call in FOLDER into the database, again and again without harm.

    FOLDER may be the name of a shipped call: amazon. A new call starts as a draft.
    """
    # os.path: in a folder that we may not read, Path.exists raises.
    place = folder if os.path.exists(folder) else SHIPPED / folder.name
    with house_open() as app, transaction() as session:
        organiser = app.extensions["petition"].settings.organiser
        slug, changed = campaigning.load(session, place, organiser=organiser, at=now())
    click.echo(f"{slug}: {'loaded' if changed else 'nothing new'}")


@campaign.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_(as_json: bool) -> None:
    """All campaigns with their state, goal and confirmed signatures."""
    with house_open(), reading() as session:
        rows = [
            {
                "slug": row.slug,
                "state": row.state,
                "goal": goal_at(confirmed, row.goal),
                "confirmed": confirmed,
            }
            for row in campaigns.listed(session)
            for confirmed in (counts.total(session, row.id),)
        ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['slug']}  {row['state']}  {row['confirmed']} of {row['goal']}")


@campaign.command("open")
@click.argument("slug")
def open_(slug: str) -> None:
    """Let signatures in."""
    with house_open(), transaction() as session:
        moved = campaigning.open_(session, slug, at=now())
    click.echo(f"{slug}: {'open' if moved else 'was open already'}")


@campaign.command()
@click.argument("slug")
def close(slug: str) -> None:
    """Take no more signatures. The page stays and keeps its count."""
    with house_open(), transaction() as session:
        moved = campaigning.close(session, slug, at=now())
    click.echo(f"{slug}: {'closed' if moved else 'was closed already'}")


@campaign.command()
@click.argument("slug")
@click.option("--months", type=click.IntRange(0, 600), required=True, help="After closing.")
def retention(slug: str, months: int) -> None:
    """For how long the signatures of SLUG are kept once it is closed."""
    with house_open(), transaction() as session:
        retaining.set_months(session, slug, months, by=asking(), at=now())
    click.echo(f"{slug}: kept for {months} months after closing")


def _patterns(
    context: click.Context, option: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        return tuple(pattern(text) for text in texts)
    except (PatternRefused, PatternTooWide) as error:
        raise click.BadParameter(str(error)) from None


@campaign.command()
@click.argument("slug")
@click.option("--add", "added", multiple=True, callback=_patterns, help="Ask for another address.")
@click.option("--remove", "removed", multiple=True, help="Take such addresses again.")
def domains(slug: str, added: tuple[str, ...], removed: tuple[str, ...]) -> None:
    """The target's own mail domains: no address there is taken, no letter goes there.

    amazon.com is that domain and all below it; amazon.* is that name under every ending. Prints
    the list, one a line, as it is then.
    """
    with house_open(), transaction() as session:
        for each in added:
            targeting.add_domain(session, slug, each, by=asking(), at=now())
        for each in removed:
            if not targeting.remove_domain(session, slug, each, by=asking(), at=now()):
                click.echo(f"{each}: was not on the list", err=True)
        found = targets.patterns(session, campaigns.by_slug(session, slug).id)
    for each in found:
        click.echo(each)


@click.group()
def provider() -> None:
    """Mail providers that read several spellings of an address as one mailbox."""


@provider.command("list")
def list_providers() -> None:
    """The table: which providers ignore dots and +tags."""
    with house_open(), reading() as session:
        for row in outbox.providers(session):
            ignores = [
                word for word, on in (("dots", row.ignores_dots), ("+tags", row.ignores_tags)) if on
            ]
            same = f", delivers as {row.same_as}" if row.same_as else ""
            click.echo(f"{row.domain}: ignores {' and '.join(ignores) or 'nothing'}{same}")


@provider.command("set")
@click.argument("domain")
@click.option("--dots/--no-dots", default=False, help="Ignores dots in the local part.")
@click.option("--tags/--no-tags", default=False, help="Ignores what follows a plus sign.")
@click.option("--same-as", default=None, help="Another domain that it delivers to.")
def set_provider(domain: str, dots: bool, tags: bool, same_as: str | None) -> None:
    """Add or change a provider. Signatures that are there already keep their key."""
    with house_open(), transaction() as session:
        outbox.save_provider(
            session, domain.lower(), same_as=same_as, ignores_dots=dots, ignores_tags=tags
        )
    click.echo(f"{domain.lower()}: saved")

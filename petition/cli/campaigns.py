"""`petition campaign …` and `petition provider …`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from petition.base_app import SHIPPED
from petition.cli.confirmation import cannot_be_undone, require_confirmation
from petition.cli.context import note, now, open_app, operator, progress
from petition.cli.loading import load_files, would_change
from petition.domain.campaigns.milestones import goal_at
from petition.domain.campaigns.target_domains import PatternRefused, PatternTooWide, pattern
from petition.domain.signatures.mail_providers import Provider
from petition.errors import PetitionError
from petition.services.campaigns import opening, target_domains as services_target_domains
from petition.services.privacy import retention as privacy_retention
from petition.services.signatures import rekeying
from petition.store.campaigns import campaigns, target_domains as store_target_domains
from petition.store.counts import totals
from petition.store.db import reading, transaction
from petition.store.signatures import mail_providers
from petition.web.http.dependencies import dependencies_of


class Unreadable(PetitionError):
    """Some signatures do not open with these keys."""


@click.group()
def campaign() -> None:
    """Campaigns: load, list, open, close, and what belongs to each."""


@campaign.command()
@click.argument("folder", type=click.Path(path_type=Path))
@cannot_be_undone
def load(folder: Path, sure: bool) -> None:
    """Put the campaign in FOLDER into the database, again and again without harm.

    FOLDER may be the name of a shipped campaign: amazon. A new campaign starts as a draft. Of one
    that is there it says first what would change, and asks. `petition start` loads the shipped
    campaigns at each start, but leaves alone what you loaded.
    """
    # os.path: in a folder that we may not read, Path.exists raises.
    place = folder if os.path.exists(folder) else SHIPPED / folder.name
    with open_app(with_pages=True) as app:
        if not sure and (changes := would_change(app, place)):
            for line in changes:
                click.echo(line, err=True)
            require_confirmation("this change", sure=False)
        with transaction() as session:
            done = load_files(app, session, place)
            if done.changed:
                note(session, "load campaign", done.slug)
    click.echo(f"{done.slug}: {'loaded' if done.changed else 'nothing new'}")


@campaign.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_(as_json: bool) -> None:
    """All campaigns with their state, goal and confirmed signatures."""
    with open_app(), reading() as session:
        rows = [
            {
                "slug": row.slug,
                "state": row.state,
                "goal": goal_at(confirmed, row.goal),
                "confirmed": confirmed,
            }
            for row in campaigns.listed(session)
            for confirmed in (totals.total(session, row.id),)
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
    with open_app(), transaction() as session:
        moved = opening.open_(session, slug, by=operator(), at=now())
    click.echo(f"{slug}: {'open' if moved else 'was open already'}")


@campaign.command()
@click.argument("slug")
def close(slug: str) -> None:
    """Take no more signatures. The page stays and keeps its count."""
    with open_app(), transaction() as session:
        moved = opening.close(session, slug, by=operator(), at=now())
    click.echo(f"{slug}: {'closed' if moved else 'was closed already'}")


@campaign.command()
@click.argument("slug")
@click.option("--months", type=click.IntRange(0, 600), required=True, help="After closing.")
@cannot_be_undone
def retention(slug: str, months: int, sure: bool) -> None:
    """For how long the signatures of SLUG are kept once it is closed.

    Fewer months than before may erase them within the hour.
    """
    with open_app():
        with reading() as session:
            shorter = months < campaigns.by_slug(session, slug).retention_months
        if shorter:
            require_confirmation(f"keeping the signatures of {slug} for fewer months", sure=sure)
        with transaction() as session:
            privacy_retention.set_months(session, slug, months, by=operator(), at=now())
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
    with open_app(), transaction() as session:
        for each in added:
            services_target_domains.add_domain(session, slug, each, by=operator(), at=now())
        for each in removed:
            if not services_target_domains.remove_domain(
                session, slug, each, by=operator(), at=now()
            ):
                click.echo(f"{each}: was not on the list", err=True)
        found = store_target_domains.patterns(session, campaigns.by_slug(session, slug).id)
    for each in found:
        click.echo(each)


@click.group()
def provider() -> None:
    """Mail providers that read several spellings of an address as one mailbox."""


@provider.command("list")
def list_providers() -> None:
    """The table: what each provider ignores, and where it delivers."""
    with open_app(), reading() as session:
        for row in sorted(mail_providers.table(session).values(), key=lambda row: row.domain):
            click.echo(_in_words(row))


def _in_words(row: Provider) -> str:
    ignores = [
        word
        for word, on in (
            ("dots", row.ignores_dots),
            ("+tags", row.ignores_tags),
            ("hyphens", row.ignores_marks),
            ("underscores", row.ignores_marks),
        )
        if on
    ]
    more = [
        *(["reads dots as hyphens"] if row.dots_as_hyphens else []),
        *([f"takes anything@name.{row.domain}"] if row.takes_subdomains else []),
        *([f"delivers as {row.same_as}"] if row.same_as else []),
    ]
    return "".join(
        (f"{row.domain}: ignores {' and '.join(ignores) or 'nothing'}", *(f", {x}" for x in more))
    )


@provider.command("set")
@click.argument("domain")
@click.option("--dots/--no-dots", default=False, help="Ignores dots in the local part.")
@click.option("--tags/--no-tags", default=False, help="Ignores what follows a plus sign.")
@click.option("--marks/--no-marks", default=False, help="Ignores hyphens and underscores there.")
@click.option(
    "--dots-as-hyphens/--no-dots-as-hyphens", default=False, help="A dot there is a hyphen."
)
@click.option(
    "--subdomains/--no-subdomains",
    default=False,
    help="Takes anything@name.DOMAIN for name@DOMAIN.",
)
@click.option("--same-as", default=None, help="Another domain that it delivers to.")
def set_provider(
    domain: str,
    dots: bool,
    tags: bool,
    marks: bool,
    dots_as_hyphens: bool,
    subdomains: bool,
    same_as: str | None,
) -> None:
    """Add or change a provider. `petition provider rekey` then compares what is there already."""
    row = Provider(
        domain=domain.lower(),
        same_as=same_as.lower() if same_as else None,
        ignores_dots=dots,
        ignores_tags=tags,
        ignores_marks=marks,
        dots_as_hyphens=dots_as_hyphens,
        takes_subdomains=subdomains,
    )
    with open_app(), transaction() as session:
        mail_providers.save(session, row)
        note(session, "mail provider", row.domain)
        left = rekeying.left(session)
    click.echo(f"{row.domain}: saved")
    if left:
        click.echo(
            f"{left} signatures were compared by another table: "
            "wait 5 seconds, then run `petition provider rekey`",
            err=True,
        )


@provider.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@cannot_be_undone
def rekey(as_json: bool, sure: bool) -> None:
    """Compare all signatures anew, after the table changed; start it again if interrupted.

    Two signatures of one campaign that turn out to be one person's become one: the earlier
    confirmed stays.
    """
    with open_app() as app:
        deps = dependencies_of(app)
        with reading() as session:
            left = rekeying.left(session)
        if left:
            require_confirmation("making one of signatures that are one person's", sure=sure)
        report = rekeying.Report()
        with progress("keying anew", left) as step:
            context = deps.erasure_context
            for done in rekeying.rekey(deps.vault, context, reading, transaction, at=now()):
                report = report.with_(done)
                step(done.looked_at)
        with transaction() as session:
            if report.rekeyed or report.erased:
                rekeying.note(session, report, by=operator(), at=now())
            left = rekeying.left(session)
    if as_json:
        click.echo(json.dumps({**asdict(report), "left": left}))
    else:
        click.echo(
            f"{report.looked_at} signatures looked at, {report.rekeyed} keyed anew, "
            f"{report.merged} merged into another; the count falls by {report.count_fell_by}"
        )
        if report.erased:
            click.echo(f"{report.erased} erased: their owners had asked for it before")
    if report.unreadable:
        raise Unreadable(f"{report.unreadable} signatures do not open with these keys")

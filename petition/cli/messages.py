"""`petition messages`: the queue of supporters' messages to targets, paused and let go on."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

import click
from flask import Flask

from petition.cli.context import now, open_app, operator
from petition.domain.messages.message import PARKED, QUEUED, SENT
from petition.domain.messages.pacing import MOST_A_DAY, MOST_AN_HOUR
from petition.domain.messages.targets import (
    LEAVINGS,
    NOTE_LENGTH,
    STANDS,
    Leaving,
    ProofRefused,
    Stand,
)
from petition.domain.signatures.supporter import clean
from petition.services.messages import parked as services_parked, pausing, queue_figures, targets
from petition.services.messages.pausing import Pause
from petition.services.messages.queue_figures import Look, TargetFigures
from petition.services.messages.targets import CapRefused, NewStand, ReplacementRefused, Which
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of

SHOWN: Final = (QUEUED, SENT, PARKED)


@click.group()
def messages() -> None:
    """Messages of supporters to a campaign's targets: the queue, pausing it and going on."""


@messages.command("list")
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_(slug: str, as_json: bool) -> None:
    """The targets of the campaign SLUG, and how many messages wait, were sent or are parked."""
    with open_app() as app, reading() as session:
        everybody = queue_figures.of_campaign(session, slug, _look(app), at=now())
    found = [each for each in everybody if each.target.retired_at is None]
    if as_json:
        click.echo(json.dumps({"campaign": slug, "targets": [_document(each) for each in found]}))
        return
    for each in found:
        state = "paused" if each.target.paused_at else "going"
        numbers = ", ".join(f"{each.states[name]} {name}" for name in SHOWN)
        click.echo(f"{each.target.key} ({state}): {numbers}{_end(each)}")


def _look(app: Flask) -> Look:
    return Look(in_tens=False, provider_cap=dependencies_of(app).settings.messages_per_hour)


def _end(each: TargetFigures) -> str:
    """When its queue is empty, in words."""
    if not each.queued or each.target.paused_at:
        return ""
    if each.forecast.waits_for_people:
        return "; the last ones wait for more people"
    if each.forecast.empty_at is None:
        return "; no end in sight"
    return f"; empty by {each.forecast.empty_at:%Y-%m-%d %H:%M} UTC"


def _document(each: TargetFigures) -> dict[str, object]:
    paused_at, empty_at = each.target.paused_at, each.forecast.empty_at
    return {
        "key": each.target.key,
        "paused_at": paused_at.isoformat() if paused_at else None,
        **{name: each.states[name] for name in SHOWN},
        "empty_at": empty_at.isoformat() if empty_at else None,
        "waits_for_people": each.forecast.waits_for_people,
    }


@messages.command()
@click.argument("slug")
@click.option("--target", "key", help="Of this target only, by its key.")
def pause(slug: str, key: str | None) -> None:
    """Let nothing go to the targets of the campaign SLUG. What is queued waits."""
    _set(slug, key, paused=True)


@messages.command()
@click.argument("slug")
@click.option("--target", "key", help="Of this target only, by its key.")
def resume(slug: str, key: str | None) -> None:
    """Let messages go again, within each target's hours and cap."""
    _set(slug, key, paused=False)


def _set(slug: str, key: str | None, *, paused: bool) -> None:
    command = Pause(slug=slug, key=key, paused=paused, by=operator())
    with open_app(), transaction() as session:
        changed = pausing.set_paused(session, command, at=now())
    click.echo(f"{changed} {'paused' if paused else 'resumed'}")


@messages.command()
@click.argument("slug")
@click.argument("key")
@click.option("--an-hour", type=int, required=True, help="Emails an hour at most.")
@click.option("--a-day", type=int, required=True, help="Emails a day at most, of UTC.")
def caps(slug: str, key: str, an_hour: int, a_day: int) -> None:
    """Let no more than so many emails go to the target KEY, whatever the files say."""
    try:
        with open_app(), transaction() as session:
            which = _which(slug, key)
            targets.set_caps(session, which, an_hour=an_hour, a_day=a_day, at=now())
    except CapRefused:
        most = f"{MOST_AN_HOUR} an hour and {MOST_A_DAY} a day"
        raise click.UsageError(f"caps are whole numbers from 1 to {most}") from None
    click.echo(f"{key}: {an_hour} an hour, {a_day} a day")


@messages.command()
@click.argument("slug")
@click.argument("key")
@click.argument("what", type=click.Choice([each.value for each in STANDS]))
@click.option("--day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="When it did that.")
@click.option("--link", default="", help="A page that shows it.")
@click.option("--note", default="", help="Or a few words that show it; everyone can read them.")
@click.option(
    "--end-queue",
    "ends_queue",
    is_flag=True,
    help="It promised: send nothing of what is queued; who wrote it is told.",
)
def stand(
    slug: str, key: str, what: str, day: datetime, link: str, note: str, ends_queue: bool
) -> None:
    """Note what the target KEY did: the petition's page shows the last of these."""
    note = clean(note)
    if len(note) > NOTE_LENGTH:
        raise click.UsageError(f"--note takes {NOTE_LENGTH} characters at most")
    if ends_queue and what != Stand.PROMISED:
        raise click.UsageError("--end-queue goes with promised alone")
    new = NewStand(stand=Stand(what), day=day.date(), link=link, note=note, ends_queue=ends_queue)
    at = now()
    try:
        with open_app() as app, transaction() as session:
            targets.add_stand(session, _which(slug, key), new, at=at)
            found = queue_figures.of_target(session, slug, key, _look(app), at=at)
    except ProofRefused:
        raise click.UsageError(
            "it takes a --link such as https://example.org/answer or a --note, and a past --day"
        ) from None
    click.echo(f"{key}: {what}")
    queued = found.queued if found is not None else 0
    if what == Stand.PROMISED and queued:
        fate = "are cancelled" if ends_queue else "still go; --end-queue cancels them"
        click.echo(f"{queued} queued {fate}")


@messages.command()
@click.argument("slug")
@click.argument("key")
@click.argument("left_as", type=click.Choice([each.value for each in LEAVINGS]))
@click.option("--by", "replaced_by", help="The key of the target that takes its place.")
def leave(slug: str, key: str, left_as: str, replaced_by: str | None) -> None:
    """Let nobody write to the target KEY: excluded for now, retired, or replaced --by another.

    What is queued is cancelled, or goes to the other one; who wrote it is told by email.
    """
    try:
        with open_app(), transaction() as session:
            targets.leave(session, _which(slug, key), Leaving(left_as), replaced_by, at=now())
    except ReplacementRefused:
        raise click.UsageError(
            "replaced takes --by with another target that is written to; the others take none"
        ) from None
    click.echo(f"{key}: {left_as}")


@messages.command("take-back")
@click.argument("slug")
@click.argument("key")
def take_back(slug: str, key: str) -> None:
    """Let supporters write to the target KEY again."""
    with open_app(), transaction() as session:
        changed = targets.take_back(session, _which(slug, key), at=now())
    click.echo(f"{key}: {'taken back' if changed else 'was not out'}")


@messages.command()
@click.argument("slug")
@click.argument("key")
@click.argument("decision", type=click.Choice(("sent", "again")))
def parked(slug: str, key: str, decision: str) -> None:
    """Say of the emails to KEY whose outcome nobody knows that they were sent, or send them again.

    Sent again, some may arrive twice.
    """
    decide = services_parked.were_sent if decision == "sent" else services_parked.send_again
    at = now()
    with open_app(), transaction() as session:
        number = decide(session, _which(slug, key), until=at, at=at)
    click.echo(f"{number} {'sent' if decision == 'sent' else 'queued again'}")


def _which(slug: str, key: str) -> Which:
    return Which(slug=slug, key=key, by=operator())

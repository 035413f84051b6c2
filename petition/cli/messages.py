"""`petition messages`: the queue of supporters' messages to targets, paused and let go on."""

from __future__ import annotations

import json

import click

from petition.cli.context import now, open_app, operator
from petition.services.messages import pausing
from petition.services.messages.pausing import Pause
from petition.store.db import reading, transaction
from petition.store.messages.targets import TargetQueue


@click.group()
def messages() -> None:
    """Messages of supporters to a campaign's targets: the queue, pausing it and going on."""


@messages.command("list")
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_(slug: str, as_json: bool) -> None:
    """The targets of the campaign SLUG, and how many messages wait, were sent or are parked."""
    with open_app(), reading() as session:
        found = pausing.queues(session, slug)
    if as_json:
        click.echo(json.dumps({"campaign": slug, "targets": [_document(each) for each in found]}))
        return
    for each in found:
        state = "paused" if each.target.paused_at else "going"
        click.echo(
            f"{each.target.key} ({state}): {each.queued} queued, {each.sent} sent, "
            f"{each.parked} parked"
        )


def _document(each: TargetQueue) -> dict[str, object]:
    paused_at = each.target.paused_at
    return {
        "key": each.target.key,
        "paused_at": paused_at.isoformat() if paused_at else None,
        "queued": each.queued,
        "sent": each.sent,
        "parked": each.parked,
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

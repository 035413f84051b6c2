"""`petition mail`: the one door by which email comes in, and what came of it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

from petition.cli.context import now, open_app
from petition.cli.error_lines import one_line
from petition.domain.letters.inbound import LARGEST, OUTCOMES
from petition.mail import inbound
from petition.services.letters import receiving
from petition.services.letters.receiving import Envelope, Received
from petition.store.db import reading, transaction
from petition.store.letters import inbound_mails
from petition.web.http.dependencies import dependencies_of

TRY_LATER: Final = 75
"""EX_TEMPFAIL: a mail server keeps the email, and hands it over again."""
DAYS: Final = 7


class PipeCommand(click.Command):
    """A command that a mail server runs: whatever is wrong, the email is handed over again."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            if sys.stdin.isatty():
                raise
            click.echo(f"Error: {error.format_message()}", err=True)
            raise SystemExit(TRY_LATER) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            click.echo(f"Error: {one_line(error)}", err=True)
            raise SystemExit(TRY_LATER) from None


@click.group()
def mail() -> None:
    """Email that comes in: reports on ours, and answers of targets."""


@mail.command(cls=PipeCommand)
@click.option("--to", multiple=True, metavar="ADDRESS", help="The envelope's recipient.")
@click.option("--from", "sender", metavar="ADDRESS", help="The envelope's sender, empty for none.")
@click.option(
    "--maildir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take in what is new in this Maildir instead.",
)
def receive(to: tuple[str, ...], sender: str | None, maildir: Path | None) -> None:
    """Take in one email from standard input. Exit 0: it is kept. Exit 75: try again later.

    `petition worker` reads it. It says nothing about the email, whatever it is and whoever it is
    for.
    """
    inbound.check_available()
    if maildir is not None:
        _from_maildir(maildir)
        return
    stream = sys.stdin.buffer
    content = stream.read(LARGEST)
    while stream.read(LARGEST):
        pass  # a server that cannot hand it all over would take it for a failure
    _keep([(receiving.envelope(to, sender), content)])


def _keep(found: list[tuple[Envelope, bytes]]) -> None:
    with open_app() as app, transaction() as session:
        deps = dependencies_of(app)
        for envelope, content in found:
            received = Received(envelope=envelope, content=content)
            receiving.keep(session, deps.vault, received, at=now())


def _from_maildir(maildir: Path) -> None:
    """Each is moved to `cur` once it is kept; kept twice, should this end in between."""
    number = 0
    (maildir / "cur").mkdir(exist_ok=True)
    for path in _new(maildir):
        with path.open("rb") as file:
            content = file.read(LARGEST)
        _keep([(receiving.envelope((), None), content)])
        path.rename(maildir / "cur" / f"{path.name}:2,S")
        number += 1
    click.echo(f"{number} taken in")


def _new(maildir: Path) -> Iterator[Path]:
    folder = maildir / "new"
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return (folder / name for name in names if not name.startswith("."))


@mail.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def counts(as_json: bool) -> None:
    """How many emails of the last seven days came to what."""
    with open_app(), reading() as session:
        found = inbound_mails.counts(session, since=(now() - timedelta(days=DAYS - 1)).date())
        waiting = inbound_mails.unread(session)
    numbers = {each.value: found.get(each, 0) for each in OUTCOMES} | {"left_unread": waiting}
    if as_json:
        click.echo(json.dumps(numbers))
        return
    for name, number in numbers.items():
        click.echo(f"{number:7} {name}")

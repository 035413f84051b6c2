"""`petition mail`: the one door by which email comes in, and what came of it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click
from flask import Flask

from petition.cli.context import now, open_app
from petition.cli.error_lines import one_line
from petition.domain.letters.inbound import LARGEST, OUTCOMES
from petition.mail import inbound
from petition.mail.inbound.imap_folder import FolderAway, ImapFolder
from petition.services.letters import receiving
from petition.services.letters.receiving import PlaceContext, Received
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
@click.option("--imap", is_flag=True, help="Take in what lies in the folder of IMAP_URL instead.")
def receive(to: tuple[str, ...], sender: str | None, maildir: Path | None, imap: bool) -> None:
    """Take in one email from standard input. Exit 0: it is kept. Exit 75: try again later.

    `petition worker` reads it. It says nothing about the email, whatever it is and whoever it is
    for.
    """
    inbound.check_available()
    if imap:
        _from_imap()
        return
    if maildir is not None:
        _from_maildir(maildir)
        return
    stream = sys.stdin.buffer
    content = stream.read(LARGEST)
    while stream.read(LARGEST):
        pass  # a server that cannot hand it all over would take it for a failure
    with open_app() as app:
        take_in(app, to, sender, content)


def take_in(app: Flask, to: Sequence[str], sender: str | None, content: bytes) -> None:
    """Keep one email, whatever it is and wherever it is for: nothing looks at either."""
    received = Received(envelope=receiving.envelope(to, sender), content=content)
    with app.app_context(), transaction() as session:
        receiving.keep(session, dependencies_of(app).vault, received, at=now())


def _keep_once(app: Flask, content: bytes, place: str) -> None:
    deps = dependencies_of(app)
    context = PlaceContext(vault=deps.vault, secret_key=deps.settings.secret_key)
    received = Received(envelope=receiving.envelope((), None), content=content)
    with transaction() as session:
        receiving.keep_once(session, context, received, place, at=now())


def _is_kept(app: Flask, place: str) -> bool:
    key = dependencies_of(app).settings.secret_key
    with reading() as session:
        return receiving.is_kept(session, key, place)


def _from_maildir(maildir: Path) -> None:
    """Each is moved to `cur` once it is kept."""
    number = 0
    (maildir / "cur").mkdir(exist_ok=True)
    with open_app() as app:
        for path in _new(maildir):
            with path.open("rb") as file:
                content = file.read(LARGEST)
            _keep_once(app, content, f"{maildir.resolve()} {path.name}")
            path.rename(maildir / "cur" / f"{path.name}:2,S")
            number += 1
    click.echo(f"{number} taken in")


def _from_imap() -> None:
    """Each is deleted there once it is kept."""
    number = 0
    with open_app() as app:
        server = dependencies_of(app).settings.imap
        if server is None:
            raise FolderAway("IMAP_URL is not set")
        with ImapFolder(server) as folder:
            for place in folder.marked():
                if _is_kept(app, place.name):
                    folder.expunge(place.uid)
            for mail in folder.waiting():
                _keep_once(app, mail.content, mail.place.name)
                folder.delete(mail.place.uid)
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

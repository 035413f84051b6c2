"""`petition start` and `serve`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

import click
from flask import Flask

from petition.app import SHIPPED, create_app, keys_of
from petition.cli.context import now, open_app, operator
from petition.cli.listening import listen, pid_file
from petition.cli.loading import change_in_words
from petition.cli.log_streams import drop_what_finds_no_room
from petition.cli.server_process import HEADER_SECONDS, THREADS, WORKERS, Server
from petition.cli.start_line import start_line
from petition.config import Settings
from petition.domain.staff.roles import Grant, Role
from petition.served_port import served_port
from petition.services.abuse import senders
from petition.services.campaigns import content_files
from petition.services.exports import second_person
from petition.services.partners import demo
from petition.services.staff import accounts as services_accounts
from petition.store.db import DatabaseFault, db, is_migrated, reading, transaction
from petition.store.staff import accounts as store_accounts
from petition.store.vault import key_checks
from petition.web.http.dependencies import dependencies_of
from petition.web.http.gateway import BODY_SECONDS
from petition.web.http.url_converters import first_parts

FIRST_STAFF = "owner@example.org"
ALONE: Final = "one person alone can take long lists out: PETITION_SECOND_PERSON is off"


_host = click.option("--host", default="127.0.0.1", show_default=True)
_port = click.option("--port", type=click.IntRange(1, 65535), help="Default: the setting PORT.")


@click.command()
@_host
@_port
@click.option("--workers", type=click.IntRange(1, 64), default=WORKERS, show_default=True)
@click.option("--threads", type=click.IntRange(1, 256), default=THREADS, show_default=True)
@click.option(
    "--body-seconds",
    type=click.IntRange(1, 600),
    default=BODY_SECONDS,
    show_default=True,
    help="For the whole of a form to arrive.",
)
@click.option(
    "--header-seconds",
    type=click.IntRange(1, 600),
    default=HEADER_SECONDS,
    show_default=True,
    help="For a request's headers to arrive, and for a connection to rest.",
)
def serve(
    host: str,
    port: int | None,
    workers: int,
    threads: int,
    body_seconds: int,
    header_seconds: int,
) -> None:
    """Serve the pages. Each worker is a process of its own; SIGTERM finishes what has begun."""
    _begin(port)
    with open_app() as app:  # what keeps a process from starting is said once, here
        settings = dependencies_of(app).settings
        doubt, alone = _doubt(settings), _alone(settings)
        db.engine.dispose()
    _warn(doubt)
    _warn(alone)
    with _listening(settings, host, workers) as sockets:
        _say_where(settings, host)
        Server(
            create_app,
            sockets,
            threads=threads,
            body_seconds=body_seconds,
            header_seconds=header_seconds,
        ).run()


def _doubt(settings: Settings) -> str | None:
    """What keeps senders from being told apart, as far as the database can be asked."""
    try:
        with reading() as session:
            return senders.doubt(session, settings)
    except DatabaseFault:  # its tables may not be there yet
        return senders.likely_doubt(settings)


def _alone(settings: Settings) -> str | None:
    """What is said where one person can take a long list out; a change of that is noted."""
    if not settings.production:
        return None
    with suppress(DatabaseFault), transaction() as session:  # its tables may not be there yet
        second_person.note_switch(session, setting=settings.second_person, by=operator(), at=now())
    return None if settings.second_person else ALONE


def _warn(words: str | None) -> None:
    if words:
        click.echo(f"warning: {words}", err=True)


def _begin(port: int | None) -> None:
    drop_what_finds_no_room()
    # Until the server listens to signals itself, there is nothing to finish.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if port is not None:
        # As if the setting said so: the default base URL, and so every link, follows it.
        os.environ["PORT"] = str(port)


@contextmanager
def _listening(settings: Settings, host: str, workers: int) -> Iterator[list[socket.socket]]:
    """The port and the instance are this process's for as long as the block lasts."""
    with ExitStack() as held:
        sockets = [held.enter_context(each) for each in listen(host, settings.port, workers)]
        settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        held.enter_context(pid_file(settings.instance))
        held.enter_context(served_port(settings.instance, settings.port))
        yield sockets


def _say_where(settings: Settings, host: str) -> None:
    at = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    as_ = "" if at == settings.base_url else f" as {settings.base_url}"
    click.echo(start_line(f"serves pages at {at}{as_}", settings), err=True)


@click.command()
@_host
@_port
def start(host: str, port: int | None) -> None:
    """All on one machine: make the database, load the shipped campaign, serve, send letters."""
    _begin(port)
    with ExitStack() as held:
        with open_app(with_pages=True) as app:
            settings = dependencies_of(app).settings
            sockets = held.enter_context(_listening(settings, host, WORKERS))
            _prepare(app)
            partners_page = _demo_page(settings)
            link = _set_up_link(settings.base_url)
            doubt, alone = _doubt(settings), _alone(settings)
            db.engine.dispose()
        _announce(settings.base_url, link, mailbox=settings.shows_mailbox, demo=partners_page)
        _say_where(settings, host)
        _warn(doubt)
        _warn(alone)
        helper = _Helper([sys.executable, "-m", "petition", "worker"])
        try:
            Server(create_app, sockets).run()
        finally:
            helper.end()


def _prepare(app: Flask) -> None:
    """The tables, and each shipped campaign: open from its first load on."""
    if not is_migrated(db.engine):
        from petition.cli import migrations  # noqa: PLC0415  # Alembic, once in a database's life

        migrations.upgrade(app)
    with transaction() as session:
        key_checks.keep(session, keys_of(app))
    organiser = dependencies_of(app).settings.organiser
    with transaction() as session:
        for folder in sorted(path for path in SHIPPED.iterdir() if path.is_dir()):
            done = content_files.load_and_open_new(
                session, folder, organiser=organiser, at=now(), places=first_parts(app)
            )
            for each in done.kept:
                click.echo(f"{done.slug}: left as you have it: {change_in_words(each)}", err=True)
            if done.kept:
                click.echo(
                    f"{done.slug}: `petition campaign load {folder.name}` takes the shipped files",
                    err=True,
                )


def _set_up_link(base_url: str) -> str | None:
    """A one-time link for the first member of staff, until somebody has used one."""
    with transaction() as session:
        if store_accounts.anyone(session):
            return None
        owner = Grant(campaign_id=None, role=Role.OWNER)
        token = services_accounts.invite(session, FIRST_STAFF, owner, by=operator(), at=now())
    return f"{base_url}/staff/set-up/{token}"


def _demo_page(settings: Settings) -> str | None:
    """The page that shows the form as partners do, in development; its partner is made here."""
    if not settings.on_own_machine:
        return None
    with transaction() as session:
        there = demo.ensure(session, settings.demo_origin, at=now())
    return f"{settings.demo_origin}/dev/partner" if there else None


def _announce(base_url: str, link: str | None, *, mailbox: bool, demo: str | None) -> None:
    click.echo(f"the campaign    {base_url}/")
    if link:
        click.echo(f"staff set-up    {link}   (works once, as {FIRST_STAFF})")
    else:
        click.echo(f"staff console   {base_url}/staff/")
    if mailbox:
        click.echo(f"the mailbox     {base_url}/dev/outbox")
    if demo:
        click.echo(f"demo partner    {demo}")
    click.echo("Ctrl-C stops it all")


class _Helper:
    """The worker beside the web server; started again when it dies, ended with it."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._ending = threading.Event()
        self._process = self._begin()
        threading.Thread(target=self._watch, daemon=True).start()

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, env=os.environ, stdin=subprocess.DEVNULL)  # noqa: S603  # our own words

    def _watch(self) -> None:
        while not self._ending.is_set():
            self._process.wait()
            if not self._ending.wait(1.0):
                self._process = self._begin()

    def end(self) -> None:
        self._ending.set()
        self._process.terminate()
        self._process.wait(timeout=60)

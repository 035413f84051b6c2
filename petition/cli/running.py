"""`petition start`, `serve` and `worker`."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import click
import flask_migrate
from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer as Server

from petition.app import SHIPPED
from petition.cli.opening import asking, house_open, now
from petition.config import load, resource_dir
from petition.domain.letter import OWED
from petition.mail.chores import Chores
from petition.mail.letters import Desk
from petition.mail.transport import transport
from petition.mail.worker import Worker
from petition.services import campaigning, staffing
from petition.store import outbox, staff
from petition.store.db import db, forget_freed, is_migrated, reading, transaction

WORKERS = 2
THREADS = 16
FIRST_STAFF = "owner@example.org"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), help="Default: the setting PORT.")
@click.option("--workers", type=click.IntRange(1, 64), default=WORKERS, show_default=True)
@click.option("--threads", type=click.IntRange(1, 256), default=THREADS, show_default=True)
def serve(host: str, port: int | None, workers: int, threads: int) -> None:
    """Serve the pages. Each worker is a process of its own; SIGTERM finishes what has begun."""
    _listen_on(port)
    settings = load()
    server(host, settings.port, workers, threads, settings.instance).serve()


def _listen_on(port: int | None) -> None:
    """As if the setting PORT said so: the default base URL, and so every link, follows it."""
    if port is not None:
        os.environ["PORT"] = str(port)


def server(
    host: str,
    port: int,
    workers: int,
    threads: int,
    instance: Path,
    target: str = "petition.cli.process:create_app",
) -> Server:
    """The web server, ready to serve until SIGTERM. Its pid stands in INSTANCE/web.pid."""
    # A worker is forked with the master's handler of SIGTERM, which only takes a note: told to end
    # while it was still importing, it would go on until it is killed, half a minute later.
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    pid_file = instance / "web.pid"
    pid_file.unlink(missing_ok=True)  # left behind by a kill
    return Server(
        target,
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=30,
        websockets=False,
        log_level=LogLevels.error,
        pid_file=pid_file,
    )


@click.command()
@click.option("--once", is_flag=True, help="Send what is due, fold the counts, and end.")
def worker(once: bool) -> None:
    """Send the letters that are owed and fold the counts. Several may run at once."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with house_open() as app:
        crew = make_worker(app, stop)
        if once:
            done = crew.once()
            with reading() as session:
                owed = outbox.summary(session).get(OWED, 0)
            click.echo(f"{done} letters dealt with, {owed} still owed")
        else:
            crew.run()


def make_worker(app: Flask, stop: threading.Event) -> Worker:
    """A worker with this app's keys, templates and transport."""
    house = app.extensions["petition"]
    return Worker(
        Desk(settings=house.settings, tokens=house.tokens, render=house.render),
        house.vault,
        transport(house.settings),
        Chores(
            house.settings,
            house.journal,
            reading=reading,
            transaction=transaction,
            forget_freed=lambda: forget_freed(db.engine),
            now=house.now,
        ),
        transaction=transaction,
        now=house.now,
        stop=stop,
    )


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), help="Default: the setting PORT.")
def start(host: str, port: int | None) -> None:
    """All on one machine: make the database, load the shipped call, serve, send letters."""
    _listen_on(port)
    with house_open() as app:
        settings = app.extensions["petition"].settings
        _prepare(app)
        link = _set_up_link(settings.base_url)
        db.engine.dispose()
    _announce(settings.base_url, link, mailbox=settings.shows_mailbox)
    helper = _Helper([sys.executable, "-m", "petition", "worker"])
    try:
        server(host, settings.port, WORKERS, THREADS, settings.instance).serve()
    finally:
        helper.end()


def _prepare(app: Flask) -> None:
    """The tables, and each shipped call: open from its first load on."""
    if not is_migrated(db.engine):
        flask_migrate.upgrade(directory=str(resource_dir("migrations")))
    organiser = app.extensions["petition"].settings.organiser
    with transaction() as session:
        for folder in sorted(path for path in SHIPPED.iterdir() if path.is_dir()):
            campaigning.load_and_open_new(session, folder, organiser=organiser, at=now())


def _set_up_link(base_url: str) -> str | None:
    """A one-time link for the first member of staff, until somebody has used one."""
    with transaction() as session:
        if staff.anyone(session):
            return None
        token = staffing.invite(session, FIRST_STAFF, "owner", by=asking(), at=now())
    return f"{base_url}/staff/set-up/{token}"


def _announce(base_url: str, link: str | None, *, mailbox: bool) -> None:
    click.echo(f"the campaign    {base_url}/")
    if link:
        click.echo(f"staff set-up    {link}   (works once, as {FIRST_STAFF})")
    else:
        click.echo(f"staff console   {base_url}/staff/")
    if mailbox:
        click.echo(f"the mailbox     {base_url}/dev/outbox")
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

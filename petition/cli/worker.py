"""`petition worker`: sends letters and webhooks, and folds the counts."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click
from flask import Flask

from petition.base_app import keys_of
from petition.cli.context import open_app
from petition.cli.log_streams import drop_what_finds_no_room
from petition.cli.start_line import start_line
from petition.domain.letters.letter import OWED
from petition.mail.letters import LetterContext
from petition.mail.transport import transport
from petition.store.db import db, reading, transaction, vacuum
from petition.store.letters import outbox
from petition.store.vault import key_checks
from petition.web.http.dependencies import dependencies_of
from petition.worker.loop import Worker
from petition.worker.maintenance import Maintenance
from petition.worker.webhook_client import SECONDS, WebhookClient
from petition.worker.webhooks import WebhookSender

WEBHOOK_THREADS: Final = 2
"""A receiver that answers slowly holds one of them."""


@click.command()
@click.option("--once", is_flag=True, help="Send what is due, fold the counts, and end.")
def worker(once: bool) -> None:
    """Send the letters that are owed and fold the counts. Several may run at once."""
    drop_what_finds_no_room()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with open_app() as app:
        made = make_worker(app, stop)
        if once:
            done = made.once()
            make_webhook_sender(app, stop).send_due()
            with reading() as session:
                owed = outbox.summary(session).get(OWED, 0)
            click.echo(f"{done} letters dealt with, {owed} still owed")
        else:
            settings = dependencies_of(app).settings
            click.echo(start_line("sends letters and counts", settings), err=True)
            with _webhooks(app, stop):
                made.run()


def make_worker(app: Flask, stop: threading.Event) -> Worker:
    """A worker with this app's keys, templates and transport."""
    deps = dependencies_of(app)
    return Worker(
        LetterContext(settings=deps.settings, tokens=deps.tokens, render=deps.render),
        deps.vault,
        transport(deps.settings),
        Maintenance(
            deps.erasure_context,
            reading=reading,
            transaction=transaction,
            vacuum=lambda: vacuum(db.engine),
            now=deps.now,
        ),
        transaction=transaction,
        reading=reading,
        check_keys=lambda session: key_checks.require(session, keys_of(app)),
        now=deps.now,
        stop=stop,
    )


def make_webhook_sender(app: Flask, stop: threading.Event) -> WebhookSender:
    """What sends this app's webhooks, in whichever thread."""
    deps, engine = dependencies_of(app), db.engine
    return WebhookSender(
        deps.vault,
        WebhookClient(loopback=deps.settings.webhooks_loopback),
        transaction=lambda: transaction(engine),
        reading=lambda: reading(engine),
        now=deps.now,
        stop=stop,
    )


@contextmanager
def _webhooks(app: Flask, stop: threading.Event) -> Iterator[None]:
    """Webhooks are sent beside the letters for as long as the block lasts."""
    senders = [make_webhook_sender(app, stop) for _ in range(WEBHOOK_THREADS)]
    threads = [threading.Thread(target=sender.run, daemon=True) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(SECONDS)

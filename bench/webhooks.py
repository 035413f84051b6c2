"""webhooks: messages a second to a receiver on this machine, beside the connections alone.

Each message is a connection with TLS of its own. Ours takes it from the database, signs it, sends
it and keeps what became of it; beside it, two threads as well send the same bytes and keep nothing.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from flask import Flask

from bench import seed
from bench.export import NAMES
from bench.instance import DATABASES, Workspace, open_workspace
from bench.load_generator import Measured
from bench.table import Target, heading, median, rates, ratio, verdict
from drills.failure import DrillError
from petition.app import make_app
from petition.config import load
from petition.domain.signatures import states
from petition.store.db import reading, transaction
from petition.store.webhooks import endpoints, owed
from petition.worker.webhook_client import WebhookClient
from tests.webhook_receiver import Authority, Receiver, add, client_to, receiving, sender_of

THREADS: Final = 2
"""As many as one worker has, and an endpoint for each: one is sent to by one thread at a time."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--messages", type=int, default=500, help="to each of two endpoints (500)")


def run(chosen: argparse.Namespace) -> int:
    """Print the table; 1 when a target was missed."""
    table: dict[str, Measured] = {}
    targets: list[Target] = []
    with open_workspace() as workspace:
        authority = Authority(workspace.folder)
        title = heading(
            "bench webhooks",
            workspace.version(),
            rounds=chosen.rounds,
            messages=f"{chosen.messages} to each of {THREADS}",
        )
        with receiving(authority) as receiver:
            for database in DATABASES:
                _on(workspace, database, authority, receiver, chosen, table, targets)
    print(title)
    print(rates(table))
    return verdict(targets)


def _on(
    workspace: Workspace,
    database: str,
    authority: Authority,
    receiver: Receiver,
    chosen: argparse.Namespace,
    table: dict[str, Measured],
    targets: list[Target],
) -> None:
    name, client = NAMES[database], client_to(authority)
    instance = workspace.instance(f"webhooks_{database}", database)
    seed.fill(instance, chosen.messages, seed=chosen.seed)
    alone: list[float] = []
    ours: list[float] = []
    app = make_app(load(instance.environment()))
    with app.app_context():
        for place in range(THREADS):
            add(app, f"{receiver.url}&place={place}")
        for _ in range(chosen.rounds):
            ours.append(_ours(app, client, receiver, chosen.messages))
            alone.append(_alone(client, receiver, chosen.messages))
    table[f"{name}: the connections alone"] = median([Measured(rate=each) for each in alone])
    table[f"{name}: webhooks"] = median([Measured(rate=each) for each in ours])
    targets.append(
        Target(name=f"{name}: webhooks ÷ connections", value=ratio(ours, alone), bound=0.15)
    )


def _ours(app: Flask, client: WebhookClient, receiver: Receiver, number: int) -> float:
    """Messages a second that a worker's threads send."""
    receiver.got.clear()
    with transaction() as session:
        ids = range(1, number + 1)
        owed.note_state(session, ids, states.CONFIRMED, at=datetime.now(UTC))
    senders = [sender_of(app, client) for _ in range(THREADS)]

    def work(place: int) -> None:
        while senders[place].send_due():
            pass

    seconds = _together(work)
    with reading() as session:
        left = endpoints.any_due(session, at=datetime.now(UTC))
    if left or len(receiver.got) != THREADS * number:
        raise DrillError(f"{len(receiver.got)} messages came of {THREADS * number}")
    return THREADS * number / seconds


def _alone(client: WebhookClient, receiver: Receiver, number: int) -> float:
    """The same messages a second, with nothing before and nothing after."""
    (*_, last) = receiver.got
    head = {name: text for name, text in last.headers.items() if name.startswith("webhook-")}
    body, url = last.body, receiver.url

    def work(place: int) -> None:
        for _ in range(number):
            client.post(url, head, body)

    return THREADS * number / _together(work)


def _together(work: Callable[[int], None]) -> float:
    """Seconds that all threads take."""
    threads = [threading.Thread(target=work, args=(place,)) for place in range(THREADS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began

"""Webhooks: what one thread of a worker does: takes an endpoint, sends what is due, in order.

It has its own thread because a receiver that answers slowly must keep no email waiting.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from petition.domain.webhooks import retries
from petition.domain.webhooks.event import Fault
from petition.errors import SealBroken
from petition.services.webhooks import sending
from petition.services.webhooks.sending import Batch
from petition.store.db import DatabaseFault, Session, SessionFactory
from petition.store.db.transient_failures import committed
from petition.store.vault.vault import Vault
from petition.store.webhooks import endpoints
from petition.store.webhooks.deliveries import Answer, DeliveryRecord
from petition.worker.webhook_client import NotAnswered, WebhookClient

LAST_START: Final = timedelta(minutes=6)
"""Of the lease: what is begun then has ended before another worker may take the endpoint."""
IDLE: Final = 1.0

log = logging.getLogger(__name__)


class WebhookSender:
    """Sends webhooks until `stop` is set; what is being sent is finished."""

    def __init__(
        self,
        vault: Vault,
        client: WebhookClient,
        *,
        transaction: SessionFactory,
        reading: SessionFactory,
        now: Callable[[], datetime],
        stop: threading.Event,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._vault = vault
        self._client = client
        self._transaction = transaction
        self._reading = reading
        self._now = now
        self._stop = stop
        self._jitter = jitter
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"

    def run(self) -> None:
        """Send until stopped. A database that is away for a while does not end it.

        Whatever else ends it ends the whole worker, which is then started anew.
        """
        try:
            self._run()
        finally:
            self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                pause = 0.0 if self.send_batch() else IDLE
            except (DatabaseFault, OSError) as error:  # OSError: its disk is full or gone
                log.error("webhooks: the database is away: %s", type(error).__name__)
                pause = 5.0
            self._stop.wait(pause)

    def send_due(self) -> int:
        """Send all that is due now; how many messages were dealt with."""
        done = 0
        while not self._stop.is_set() and (number := self.send_batch()):
            done += number
        return done

    def send_batch(self) -> int:
        """Take one endpoint and send what is due; how many messages were tried."""
        began = time.monotonic()
        with self._reading() as session:
            if not endpoints.any_due(session, at=self._now()):
                return 0
        batch = committed(
            self._transaction, partial(sending.claim, worker=self._name, at=self._now())
        )
        if batch is None:
            return 0
        tried = 0
        try:
            for each in batch.messages:
                late = time.monotonic() - began > LAST_START.total_seconds()
                if self._stop.is_set() or late:
                    break
                tried += 1
                if not self._send(batch, each):
                    break
        finally:
            self._release(batch)
        return tried

    def _release(self, batch: Batch) -> None:
        def release(session: Session) -> None:
            endpoints.release(session, batch.endpoint.id, worker=self._name, at=self._now())

        committed(self._transaction, release)

    def _send(self, batch: Batch, each: DeliveryRecord) -> bool:
        """False where no more is sent to this endpoint now."""
        began = time.monotonic()
        wait: timedelta | None = None
        status: int | None = None
        error: Fault | None = None
        may_have_arrived = False
        try:
            with self._reading() as session:
                ready = sending.ready(session, self._vault, batch.endpoint, each, at=self._now())
            reply = self._client.post(batch.endpoint.url, ready.headers, ready.body)
            may_have_arrived = True
            status, wait = reply.status, retries.wait_asked(reply.retry_after, at=self._now())
        except NotAnswered as failure:
            error, may_have_arrived = failure.fault, failure.may_have_arrived
        except SealBroken:
            error = Fault.UNSEALED
        answer = Answer(
            status=status,
            error=error,
            took_ms=round(1000 * (time.monotonic() - began)),
            may_have_arrived=may_have_arrived,
        )
        note = partial(
            sending.note_answer,
            sent_to=batch.endpoint,
            each=each,
            answer=answer,
            wait=wait,
            jitter=self._jitter(),
            at=self._now(),
        )
        return committed(self._transaction, note)

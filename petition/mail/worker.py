"""The worker: sends the letters that are owed, and does the chores. Several may run."""

from __future__ import annotations

import logging
import os
import random
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from petition.domain import letter as letters_
from petition.domain.letter import pause_after
from petition.errors import SealBroken
from petition.mail.chores import Chores
from petition.mail.letters import LETTERS, Desk
from petition.mail.transport import Refused, ServerAway, Transport, TryLater
from petition.services import privacy, screening
from petition.store import outbox
from petition.store.outbox import Owed
from petition.store.vault import Vault

BATCH = 20
LEASE = timedelta(minutes=10)
LAST_START = timedelta(minutes=6)
"""A letter is begun only in the first six minutes of the lease: the slowest conversation
(six steps of thirty seconds) then ends before another worker may take it."""
IDLE = 1.0
LONGEST_PAUSE = 60.0

log = logging.getLogger(__name__)


class Worker:
    """One worker. `stop` is set by SIGTERM: the current letter is finished, the rest given back."""

    def __init__(
        self,
        desk: Desk,
        vault: Vault,
        transport: Transport,
        chores: Chores,
        *,
        transaction: Callable[[], AbstractContextManager[Session]],
        now: Callable[[], datetime],
        stop: threading.Event,
    ) -> None:
        self._desk = desk
        self._vault = vault
        self._transport = transport
        self._chores = chores
        self._transaction = transaction
        self._now = now
        self._stop = stop
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._away = 0
        self._next_try = 0.0

    def run(self) -> None:
        """Work until stopped. A database that is away for a while does not end it."""
        while not self._stop.is_set():
            try:
                pause = self._turn()
            except (SQLAlchemyError, OSError) as error:  # OSError: its disk is full or gone
                log.error("worker: the database is away: %s", type(error).__name__)
                pause = 5.0
            self._stop.wait(pause)
        self._transport.close()

    def _turn(self) -> float:
        """Do the chores that are due, send a batch; seconds to rest before the next turn."""
        self._chores.turn()
        if time.monotonic() < self._next_try:
            return IDLE  # the mail server is away: the counts do not wait for it
        sent = self.send_batch()
        if self._away:
            self._next_try = time.monotonic() + min(2.0**self._away, LONGEST_PAUSE)
            return IDLE
        if sent == 0:
            self._transport.close()
            return IDLE
        return 0.0

    def once(self) -> int:
        """Do all that is due, then return: how many letters were dealt with."""
        self._chores.all()
        done = 0
        while not self._stop.is_set() and (number := self.send_batch()) and not self._away:
            done += number
        self._chores.fold()
        self._transport.close()
        return done

    def send_batch(self) -> int:
        """Claim letters and deal with each; how many were claimed."""
        began = time.monotonic()
        with self._transaction() as session:
            claimed = outbox.claim(
                session, worker=self._name, at=self._now(), lease=LEASE, most=BATCH
            )
        for place, letter in enumerate(claimed):
            late = time.monotonic() - began > LAST_START.total_seconds()
            if self._stop.is_set() or late or not self._deal_with(letter):
                self._give_back(claimed[place:])
                break
            self._chores.fold_when_due()  # a slow mail server may take minutes over a batch
        return len(claimed)

    def _give_back(self, rest: list[Owed]) -> None:
        with self._transaction() as session:
            outbox.release(session, [letter.id for letter in rest], worker=self._name)

    def _deal_with(self, letter: Owed) -> bool:
        """Send one letter and mark it; False when the server is away and the batch must wait."""
        message = self._written(letter)
        if message is None:
            return True
        try:
            self._transport.send(message)
        except ServerAway as error:
            self._away += 1
            log.warning("worker: the mail server is away: %s", error)
            return False
        except TryLater as error:
            self._postpone(letter, str(error))
        except Refused as error:
            self._finish(letter, letters_.FAILED, f"Refused: {error}")
        else:
            self._note_sent(letter, message)
        self._away = 0
        return True

    def _written(self, claimed: Owed) -> EmailMessage | None:
        """The letter, ready to go and charged to its mailbox; None when none must go."""
        at = self._now()
        with self._transaction() as session:
            # Since it was claimed its owner may have confirmed, unsubscribed or erased it.
            letter = outbox.reread(session, claimed.id)
            if letter is None:
                return None
            try:
                to = self._vault.open(letter.sealed, letter.entry_id, letter.key_number).email
            except SealBroken:
                outbox.finish(session, letter.id, letters_.FAILED, at=at, error="SealBroken")
                return None
            # A form that came in for a blocked address is empty: nobody is to be written to.
            what = screening.admit(session, letter, to, at=at) if to else None
            if what is None:
                outbox.finish(session, letter.id, letters_.WITHHELD, at=at)
                privacy.void_if_blocked(session, self._vault, letter)
                return None
        return LETTERS[what](self._desk, letter, to, at)

    def _note_sent(self, letter: Owed, message: EmailMessage) -> None:
        if not self._finish(letter, letters_.SENT, None):
            # Erased while it went out: whoever erased it may have looked for it too early.
            self._transport.forget(message)

    def _finish(self, letter: Owed, state: str, error: str | None) -> bool:
        with self._transaction() as session:
            return outbox.finish(session, letter.id, state, at=self._now(), error=error)

    def _postpone(self, letter: Owed, error: str) -> None:
        pause = pause_after(letter.attempts + 1, random.random())  # noqa: S311  # no secret
        if pause is None:
            self._finish(letter, letters_.FAILED, f"gave up: {error}")
            return
        with self._transaction() as session:
            outbox.postpone(session, letter.id, until=self._now() + pause, error=error)

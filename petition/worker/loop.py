"""The loop of one worker: claims the letters that are due in batches, and runs the maintenance.

Several may run, in as many processes.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from petition.mail.letters import LetterContext
from petition.mail.transport import Transport
from petition.services.letters import screening
from petition.store.db import Condition, DatabaseFault, Moment, Session, SessionFactory
from petition.store.db.transient_failures import committed, is_overtaken
from petition.store.letters import inbound_mails, outbox, relay
from petition.store.letters.outbox import ClaimedLetter
from petition.store.staff import pauses
from petition.store.staff.pauses import Paused
from petition.store.vault.vault import Vault
from petition.worker import digests, messages
from petition.worker.chores import Chore, Chores
from petition.worker.digests import DigestSender
from petition.worker.inbound import InboundReader
from petition.worker.letter_budget import LetterBudget
from petition.worker.letters import LetterSender, Outcome
from petition.worker.maintenance import Maintenance
from petition.worker.messages import MessageSender
from petition.worker.provider_watch import ProviderWatch

BATCH = 20
LEASE = timedelta(minutes=10)
LAST_START = timedelta(minutes=6)
"""A letter is begun only in the first six minutes of the lease: the slowest conversation
(six steps of thirty seconds) then ends before another worker may take it."""
LONG_QUEUE = 10
"""After so many full batches without a rest, what no mailbox is to get is withheld at once."""
IDLE = 1.0
LONGEST_PAUSE = 60.0

log = logging.getLogger(__name__)


class Worker:
    """One worker. `stop` is set by SIGTERM: the current letter is finished, the rest given back.

    `check_keys` raises where the keys are not this database's, which ends the worker.
    """

    def __init__(
        self,
        context: LetterContext,
        vault: Vault,
        transport: Transport,
        maintenance: Maintenance,
        *,
        transaction: SessionFactory,
        reading: SessionFactory,
        check_keys: Callable[[Session], None],
        now: Callable[[], datetime],
        stop: threading.Event,
    ) -> None:
        self._transport = transport
        self._maintenance = maintenance
        self._transaction = transaction
        self._now = now
        self._stop = stop
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._budget = LetterBudget(
            context.settings.letters_per_minute,
            worker=self._name,
            reading=reading,
            transaction=transaction,
        )
        self._watch = ProviderWatch(vault, transaction=transaction, now=now)
        self._inbound = InboundReader(context.settings, vault, transaction=transaction, now=now)
        self._sender = LetterSender(
            context,
            vault,
            transport,
            self._budget,
            self._watch,
            transaction=transaction,
            check_keys=check_keys,
            now=now,
        )
        self._messages = MessageSender(
            context,
            vault,
            transport,
            worker=self._name,
            # Where letters are only shown, nobody's office is there to be spared.
            paces=not context.settings.shows_mailbox,
            watch=self._watch,
            transaction=transaction,
            check_keys=check_keys,
            now=now,
        )
        self._digests = DigestSender(
            context,
            vault,
            transport,
            paces=not context.settings.shows_mailbox,
            transaction=transaction,
            check_keys=check_keys,
            now=now,
        )
        own = self._chores(self._send_letters)
        self._each_turn = Chores(maintenance.answering, *own, reading=reading, now=now)
        own = self._chores(self._send_next_letters)
        self._at_once = Chores(*own, reading=reading, now=now)
        self._probing = False
        self._full = 0
        self._letters = 0
        self._others = 0
        self._next_try = 0.0

    def _chores(self, send_letters: Callable[[], int]) -> list[Chore]:
        """What it does of its own, in its order."""
        reads = [Chore(inbound_mails.is_any_due, self._read_mail)] if self._inbound.reads() else []
        return [
            *reads,
            Chore(has_letters, send_letters),
            Chore(messages.is_due, self._send_messages),
            Chore(digests.is_due, self._send_digests),
        ]

    def run(self) -> None:
        """Work until stopped. A database that is away for a while does not end it."""
        while not self._stop.is_set():
            try:
                pause = self._turn()
            except (DatabaseFault, OSError) as error:  # OSError: its disk is full or gone
                log.error("worker: the database is away: %s", type(error).__name__)
                self._budget.drop()
                pause = 5.0
            self._stop.wait(pause)
        self._transport.close()

    def _turn(self) -> float:
        """Run the maintenance that is due, send a batch; seconds to rest before the next turn."""
        self._maintenance.fold_when_due()
        self._letters = self._others = 0
        self._each_turn.do_due()
        if self._is_away():
            return IDLE
        if self._letters == 0:
            self._full = 0
        if self._letters + self._others == 0:
            self._watch.write()
            self._transport.close()
            return IDLE
        return 0.0

    def once(self) -> int:
        """Do all that is due, then return: how many letters were dealt with."""
        self._maintenance.chores()
        self._letters = self._full = 0
        self._at_once.do_due(again=True)
        self._watch.write()
        self._maintenance.fold()
        self._maintenance.count_for_console()
        self._transport.close()
        return self._letters

    def _read_mail(self) -> int:
        return 0 if self._stop.is_set() else self._inbound.read_batch()

    def _send_letters(self) -> int:
        """A batch; where the mail server is away, none for a while, and no messages."""
        if self._is_away():
            return 0
        number = self._send_next_letters()
        if self._sender.away:
            self._next_try = time.monotonic() + min(2.0**self._sender.away, LONGEST_PAUSE)
        return number

    def _send_next_letters(self) -> int:
        """A batch; 0 where the mail server is away."""
        number = 0 if self._stop.is_set() else self.send_batch()
        if self._sender.away:
            return 0
        self._letters += number
        return number

    def _send_messages(self) -> int:
        return self._count_other(self._messages.send_batch)

    def _send_digests(self) -> int:
        return self._count_other(self._digests.send_due)

    def _count_other(self, send: Callable[[], int]) -> int:
        number = 0 if self._stop.is_set() or self._is_away() else send()
        self._others += number
        return number

    def _is_away(self) -> bool:
        """The mail server is: the counts do not wait for it."""
        return time.monotonic() < self._next_try

    def send_batch(self) -> int:
        """Claim letters and deal with each; how many were claimed."""
        began = time.monotonic()
        claimed = self._claim()
        for place, letter in enumerate(claimed):
            late = time.monotonic() - began > LAST_START.total_seconds()
            self._budget.expect(len(claimed) - place)
            if self._stop.is_set() or late or not self._is_dealt_with(letter):
                self._give_back(claimed[place:])
                break
            self._maintenance.fold_when_due()  # a slow mail server may take minutes over a batch
        self._budget.give_back()
        self._shorten_queue(len(claimed))
        return len(claimed)

    def _shorten_queue(self, claimed: int) -> None:
        """Behind thousands of forms for a few mailboxes everybody else would wait for minutes."""
        self._full = self._full + 1 if claimed == BATCH else 0
        if self._full == LONG_QUEUE:
            self._full = 0
            committed(self._transaction, partial(screening.withhold_surplus, at=self._now()))

    def _claim(self) -> list[ClaimedLetter]:
        at = self._now()
        only = self._budget.only(at, most=BATCH)
        if only is not None and not only:
            return []
        with self._transaction() as session:
            if pauses.since(session, Paused.LETTERS) is not None:
                return []
            turn = relay.take_turn(session, BATCH, at=at)
            self._probing = turn.probes is not None
            these = only if turn.probes is None else turn.probes
            if not turn.most:
                return []
            if these is not None:
                return outbox.claim_these(session, these, worker=self._name, at=at, lease=LEASE)
            return outbox.claim(session, worker=self._name, at=at, lease=LEASE, most=turn.most)

    def _give_back(self, rest: list[ClaimedLetter]) -> None:
        ids = [letter.id for letter in rest]
        committed(
            self._transaction, lambda session: outbox.release(session, ids, worker=self._name)
        )

    def _is_dealt_with(self, letter: ClaimedLetter) -> bool:
        """False when the letter is as it was: the server is away, or the database undid our work.

        Where another transaction stood in its way, its turn comes in the next batch, and not when
        the lease ends. What is known of a letter that has left is written down until it is kept.
        """
        try:
            outcome = self._sender.deal_with(letter)
        except DatabaseFault as error:
            if not is_overtaken(error):
                raise
            self._budget.drop()
            return False
        if outcome is Outcome.HELD:
            return self._probing  # of those that try a held queue, each is tried
        return outcome is Outcome.DONE


def has_letters(at: Moment) -> Condition:
    rest = pauses.rests(Paused.LETTERS) | relay.has_no_turn(at)
    return ~rest & outbox.is_any_due(at)

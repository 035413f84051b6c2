"""What a worker does with one letter: writes it, hands it over, and notes what became of it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from petition.addr_spec import AddressRefused, addr_spec
from petition.domain.letters import letter as letters_
from petition.domain.letters.bounce import BounceClass
from petition.domain.letters.letter import pause_after
from petition.domain.letters.recipient import RecipientKind
from petition.errors import SealBroken
from petition.mail import message_trials, reply_letters
from petition.mail.letters import LETTERS, LetterContext
from petition.mail.partner_letters import to_partner
from petition.mail.ready_letter import ReadyLetter, UnsafeLetter
from petition.mail.staff_letters import to_staff
from petition.mail.transport import Refused, ServerAway, Transport, TryLater, TurnedAway
from petition.services.letters import bounces, screening
from petition.services.privacy import blocks
from petition.store.campaigns import campaigns
from petition.store.db import Session, SessionFactory
from petition.store.db.transient_failures import committed
from petition.store.letters import entry_letters, outbox, partner_letters, relay, staff_letters
from petition.store.letters.outbox import ClaimedLetter
from petition.store.letters.staff_letters import StaffLetter
from petition.store.messages import replies, trials
from petition.store.vault.vault import Vault
from petition.worker.letter_budget import LetterBudget
from petition.worker.provider_watch import ProviderWatch

MOST_TRIES = 100
"""More than there are pauses: these decide."""
TURNED_AWAY_TRIES = 5
"""Of a letter that is refused while others are taken, though not for its mailbox's sake."""

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What the rest of the batch may expect after a letter."""

    DONE = "done"
    AWAY = "away"
    """The mail server is away: the letter is as it was, and the others wait, too."""
    HELD = "held"
    """The mail server seems to refuse us all, and the queue is held."""


class LetterSender:
    """Deals with the letters that its worker claimed, one after the other."""

    def __init__(
        self,
        context: LetterContext,
        vault: Vault,
        transport: Transport,
        budget: LetterBudget,
        watch: ProviderWatch,
        *,
        transaction: SessionFactory,
        check_keys: Callable[[Session], None],
        now: Callable[[], datetime],
    ) -> None:
        self._context = context
        self._vault = vault
        self._transport = transport
        self._budget = budget
        self._watch = watch
        self._transaction = transaction
        self._check_keys = check_keys
        self._now = now
        self.away = 0
        """How often in a row the mail server was away."""

    def deal_with(self, letter: ClaimedLetter) -> Outcome:
        """Send the letter and mark it."""
        message = self._written(letter)
        if message is None:
            return Outcome.DONE
        try:
            self._transport.send(message)
        except ServerAway as error:
            self.away += 1
            log.warning("worker: the mail server is away: %s", error)
            away = partial(relay.note_away, reason=str(error), at=self._now())
            committed(self._transaction, away)
            return Outcome.AWAY
        except TryLater as error:
            self._postpone(letter, str(error))
            if error.means is not None:
                self._watch.note(message.to, error.means)
        except TurnedAway as error:
            outcome = self._turned_away(letter, str(error))
            self._watch.note(message.to, error.means)
            return outcome
        except Refused as error:
            self._finish(letter, letters_.FAILED, f"Refused: {error}", error.means)
            self._watch.note(message.to, error.means)
        except UnsafeLetter as error:
            self._finish(letter, letters_.FAILED, f"{letters_.STOPPED}: {error}")
            log.error("worker: a letter was stopped before it left: wrong %s", error)
            return Outcome.DONE
        else:
            self._note_sent(letter, message)
            self._watch.note(message.to, None)
        self.away = 0
        return Outcome.DONE

    def _turned_away(self, letter: ClaimedLetter, reason: str) -> Outcome:
        """Refused for no fault of its mailbox."""
        at = self._now()

        def note(session: Session) -> relay.Refusal:
            refusal = relay.note_refused(session, attempts=letter.attempts, reason=reason, at=at)
            if refusal.held:
                outbox.put_off(session, letter.id, until=at + relay.PAUSES[0])
            return refusal

        refusal = committed(self._transaction, note)
        if refusal.begins:
            log.error("worker: the mail server refuses our letters, the queue is held: %s", reason)
        if refusal.held:
            return Outcome.HELD
        # A server that takes nothing else refuses us: then no letter is given up so early.
        self._postpone(letter, reason, TURNED_AWAY_TRIES if refusal.takes_others else MOST_TRIES)
        return Outcome.DONE

    def _written(self, claimed: ClaimedLetter) -> ReadyLetter | None:
        """The letter, ready to go; None when none must go."""
        if claimed.to.kind == RecipientKind.STAFF:
            return self._written_to_staff(claimed)
        if claimed.to.kind == RecipientKind.PARTNER:
            return self._written_to_partner(claimed)
        if claimed.to.kind == RecipientKind.REPLY:
            return self._written_about_reply(claimed)
        return self._written_to_entry(claimed)

    def _written_to_staff(self, claimed: ClaimedLetter) -> ReadyLetter | None:
        """Their own account's: no budget and no mailbox's limit holds it up."""
        at = self._now()
        with self._transaction() as session:
            letter = staff_letters.read(session, claimed.id)
            ready = None if letter is None else self._for_staff(session, letter, at)
            if letter is not None and ready is None:
                outbox.finish(session, letter.id, letters_.WITHHELD, at=at)
        return ready

    def _for_staff(self, session: Session, letter: StaffLetter, at: datetime) -> ReadyLetter | None:
        if letter.kind != letters_.MESSAGE_TRIAL:
            return to_staff(self._context, letter, at)
        trial = trials.read(session, letter.id)
        if trial is None:
            return None
        view = campaigns.view_of_text(session, trial.text_id)
        return message_trials.to_staff(self._context, letter, trial, view, at)

    def _written_to_partner(self, claimed: ClaimedLetter) -> ReadyLetter | None:
        """To whom staff named: like one to staff."""
        at = self._now()
        with self._transaction() as session:
            letter = partner_letters.read(session, claimed.id)
            ready = None if letter is None else to_partner(self._context, letter, at)
            if ready is None:
                outbox.finish(session, claimed.id, letters_.WITHHELD, at=at)
        return ready

    def _written_about_reply(self, claimed: ClaimedLetter) -> ReadyLetter | None:
        """What a target answered, to who wrote to it: few a day, and charged to no limit."""
        at = self._now()
        with self._transaction() as session:
            letter = replies.letter(session, claimed.id)
            if letter is None:
                return None
            try:
                person = self._vault.open(
                    letter.sealed_entry, letter.entry_id, letter.entry_key_number
                )
                text = (
                    self._vault.open_reply(letter.sealed, letter.reply_id, letter.key_number)
                    if letter.sealed is not None and letter.key_number is not None
                    else None
                )
            except SealBroken:
                self._check_keys(session)
                outbox.finish(session, letter.id, letters_.FAILED, at=at, error="SealBroken")
                return None
            if text is None or not screening.may_tell_of_reply(
                session, letter, person.email, at=at
            ):
                outbox.finish(session, letter.id, letters_.WITHHELD, at=at)
                return None
            if self._rests(session, claimed, person.email):
                return None
        if letter.kind == letters_.ANSWER_HERE:
            return reply_letters.answer_here(self._context, letter, person.email, at)
        return reply_letters.reply(self._context, letter, text, person.email, at)

    def _rests(self, session: Session, letter: ClaimedLetter, to: str) -> bool:
        """Whether its provider gets nothing for now: then the letter waits, as it is."""
        until = self._watch.paused_until(session, to)
        if until is None:
            return False
        jitter = timedelta(seconds=600 * random.random())  # noqa: S311  # no secret
        outbox.put_off(session, letter.id, until=until + jitter)
        return True

    def _written_to_entry(self, claimed: ClaimedLetter) -> ReadyLetter | None:
        """Charged to its mailbox."""
        at = self._now()
        with self._transaction() as session:
            # Since it was claimed its owner may have confirmed, unsubscribed or erased it.
            letter = entry_letters.read(session, claimed.id)
            if letter is None:
                return None
            try:
                to = self._vault.open(letter.sealed, letter.entry_id, letter.key_number).email
            except SealBroken:
                self._check_keys(session)  # with foreign keys every letter would fail for good
                outbox.finish(session, letter.id, letters_.FAILED, at=at, error="SealBroken")
                return None
            if to and not _is_writable(to):
                why = f"{letters_.STOPPED}: address"
                outbox.finish(session, letter.id, letters_.FAILED, at=at, error=why)
                log.error("worker: a letter was stopped: its address is none that we write to")
                return None
            # A form that came in for a blocked address is empty: nobody is to be written to.
            if to and self._rests(session, claimed, to):
                return None
            if to:
                # First, as others do: who waits for the minute's row holds no mailbox's.
                if not self._budget.take(session, letter, at=at):
                    return None
                letter = screening.with_current_keys(session, self._vault, letter, to)
            what = screening.may_send(session, letter, to, at=at) if to else None
            if what is None:
                self._budget.untake(letter)
                outbox.finish(session, letter.id, letters_.WITHHELD, at=at)
                blocks.void_if_blocked(session, self._vault, letter)
                return None
        return LETTERS[what](self._context, letter, to, at)

    def _note_sent(self, letter: ClaimedLetter, message: ReadyLetter) -> None:
        at = self._now()

        def note(session: Session) -> tuple[bool, bool]:
            over = relay.note_taken(session, at=at)
            return over, outbox.finish(session, letter.id, letters_.SENT, at=at)

        over, there = committed(self._transaction, note)
        if over:
            log.warning("worker: the mail server takes letters again")
        if not there:
            # Erased while it went out: whoever erased it may have looked for it too early.
            self._transport.unsend(message)

    def _finish(
        self,
        letter: ClaimedLetter,
        state: str,
        error: str | None,
        means: BounceClass | None = None,
    ) -> bool:
        at = self._now()

        def finish(session: Session) -> bool:
            bounces.note_refused(session, letter.id, means, at=at)
            return outbox.finish(session, letter.id, state, at=at, error=error)

        return committed(self._transaction, finish)

    def _postpone(self, letter: ClaimedLetter, error: str, tries: int = MOST_TRIES) -> None:
        pause = pause_after(letter.attempts + 1, random.random())  # noqa: S311  # no secret
        if pause is None or letter.attempts + 1 >= tries:
            self._finish(letter, letters_.FAILED, f"gave up: {error}")
            return
        until = self._now() + pause
        committed(
            self._transaction,
            lambda session: outbox.postpone(session, letter.id, until=until, error=error),
        )


def _is_writable(to: str) -> bool:
    """An address from before the form knew the rule may be in the database still."""
    try:
        addr_spec(to)
    except AddressRefused:
        return False
    return True

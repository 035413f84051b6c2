"""What a worker does with supporters' messages: each is handed to its target once, or never.

A message that is due waits for its time at the target: within office hours, spread, and within the
caps of the target, an hour and a day, and of its mail provider. Before it is handed over it is
marked as parked, in a commit of its own: should this process end in the middle, or the connection
after the end of the text was sent, it stays so, and nobody sends it again. Only a server that said
no lets it be queued once more. What a server took for some of several targets is tried again for
those of the others to which it said "not now": the same email, to them alone.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from petition.domain.letters import letter as letters
from petition.domain.letters.letter import pause_after
from petition.domain.letters.recipient import RecipientKind
from petition.domain.messages import message, pacing
from petition.errors import SealBroken
from petition.mail.letters import LetterContext
from petition.mail.messages import to_target
from petition.mail.ready_letter import ReadyLetter, UnsafeLetter
from petition.mail.transport import (
    NotTaken,
    OutcomeUnknown,
    Refusals,
    Refused,
    ServerAway,
    Transport,
    TryLater,
    TurnedAway,
)
from petition.services.messages import leaving
from petition.store.db import Condition, DatabaseFault, Moment, Session, SessionFactory
from petition.store.db.transient_failures import committed, is_overtaken
from petition.store.letters import outbox, relay
from petition.store.letters.outbox import ClaimedLetter
from petition.store.messages import deferrals, sending
from petition.store.messages.sending import MessageToSend, Room
from petition.store.staff import pauses
from petition.store.staff.pauses import Paused
from petition.store.vault.vault import Vault
from petition.worker.brake import Brake
from petition.worker.provider_watch import ProviderWatch

TO_TARGETS: Final = frozenset({RecipientKind.MESSAGE})
BATCH: Final = 5
"""Few: our own emails, which people wait for, go between two batches."""
LEASE: Final = timedelta(minutes=20)
"""Longer than the slowest conversations of a batch take."""
LOOK_AGAIN: Final = timedelta(minutes=10)
"""How long a message rests whose target is paused, or whose writer does not count for now."""
DIGESTED: Final = timedelta(hours=6)
"""How long one rests that goes in a digest: should its target leave digests, it goes by itself."""
AWAY: Final = timedelta(minutes=1)
UNKNOWN: Final = "outcome unknown"

log = logging.getLogger(__name__)


def is_due(at: Moment) -> Condition:
    """Whether there is something for `MessageSender.send_batch`."""
    rest = pauses.rests(Paused.LETTERS) | relay.is_held()
    return ~rest & outbox.is_any_due(at, TO_TARGETS)


class MessageSender:
    """Hands messages over, a few at a time. `paces` is False where nobody else is written to."""

    def __init__(
        self,
        context: LetterContext,
        vault: Vault,
        transport: Transport,
        *,
        worker: str,
        paces: bool,
        watch: ProviderWatch,
        transaction: SessionFactory,
        check_keys: Callable[[Session], None],
        now: Callable[[], datetime],
    ) -> None:
        self._context = context
        self._vault = vault
        self._transport = transport
        self._worker = worker
        self._paces = paces
        self._watch = watch
        self._transaction = transaction
        self._check_keys = check_keys
        self._now = now
        self._brake = Brake(pacing.MOST_AN_HOUR)

    def send_batch(self) -> int:
        """Claim messages that are due and deal with each; how many were claimed."""
        claimed = self._claim()
        for place, letter in enumerate(claimed):
            if not self._is_dealt_with(letter):
                self._give_back(claimed[place:])
                break
        return len(claimed)

    def _give_back(self, rest: Sequence[ClaimedLetter]) -> None:
        ids = [each.id for each in rest]
        committed(
            self._transaction, lambda session: outbox.release(session, ids, worker=self._worker)
        )

    def _claim(self) -> list[ClaimedLetter]:
        at = self._now()
        with self._transaction() as session:
            if pauses.since(session, Paused.LETTERS) is not None:
                return []
            if relay.state(session).held_since is not None:
                return []
            return outbox.claim(
                session, worker=self._worker, at=at, lease=LEASE, most=BATCH, to=TO_TARGETS
            )

    def _is_dealt_with(self, letter: ClaimedLetter) -> bool:
        """False when the mail server is away, or the database undid our work: nothing has left."""
        try:
            with self._transaction() as session:
                taken = self._take(session, letter)
        except DatabaseFault as error:
            if not is_overtaken(error):
                raise
            return False
        if taken is None:
            return True
        found, ready, taken_at = taken
        try:
            not_taken = self._transport.send(ready)
        except ServerAway as error:
            log.warning("worker: the mail server is away: %s", error)
            self._queue_again(letter, found, taken_at, until=self._now() + AWAY)
            return False
        except OutcomeUnknown as error:
            log.error("worker: a message is parked: nobody knows whether its target has it")
            self._finish(letter, found, sending.park, f"{UNKNOWN}: {error}")
        except (TryLater, TurnedAway) as error:
            self._try_later(letter, found, taken_at, str(error))
            self._note_answers(error.answers)
        except Refused as error:
            self._finish(letter, found, sending.refuse, f"Refused: {error}")
            self._note_answers(error.answers)
        except UnsafeLetter as error:
            self._finish(letter, found, sending.park, f"{letters.STOPPED}: {error}")
            log.error("worker: a message was stopped before it left: wrong %s", error)
        else:
            self._note_taken(letter, found, ready, not_taken, taken_at)
            self._note_answers(dict.fromkeys(ready.envelope_recipients) | {**not_taken})
        return True

    def _note_answers(self, answers: Mapping[str, NotTaken | None]) -> None:
        """What the server said of each recipient, None of who has it: of its own mail provider."""
        for address, said in answers.items():
            self._watch.note(address, said.means if said is not None else None)

    def _note_taken(
        self,
        letter: ClaimedLetter,
        found: MessageToSend,
        ready: ReadyLetter,
        not_taken: Refusals,
        taken_at: datetime,
    ) -> None:
        """The server has it, maybe not for each of several targets.

        What may pass is tried again for those alone, as long as for one target.
        """
        answers = {
            target_id: not_taken[address]
            for target_id, address in found.goes_to.items()
            if address in not_taken
        }
        pause = pause_after(letter.attempts + 1, random.random())  # noqa: S311  # no secret
        waits = [
            target_id
            for target_id, said in answers.items()
            if isinstance(said, TryLater) and pause is not None
        ]
        refused = [target_id for target_id in answers if target_id not in waits]
        if answers:
            log.warning(
                "worker: a message was not taken for %d of its targets, for %d of them not yet",
                len(answers),
                len(waits),
            )
        at = self._now()

        def take(session: Session) -> bool:
            there = sending.take(
                session, found, refused=refused, waits=waits, written_at=ready.at, at=at
            )
            if there and waits and pause is not None:
                error = str(answers[waits[0]])
                outbox.postpone(session, letter.id, until=at + pause, error=error, left_at=at)
                alone = [each for each in found.for_each if each.target_id in waits]
                _give_back(session, alone, taken_at)
            else:
                _end(session, letter, found, letters.SENT, at=at)
            return there

        if not committed(self._transaction, take):
            self._transport.unsend(ready)  # erased while it went out

    def _take(
        self, session: Session, letter: ClaimedLetter
    ) -> tuple[MessageToSend, ReadyLetter, datetime] | None:
        """The message, marked as being handed over, and ready to go; None when none goes now."""
        at = self._now()
        found = sending.read(session, letter.to.id)
        if found is None:
            return None
        if found.state == message.PARKED:
            sending.move(session, found.id, message.PARKED, at=at)
            outbox.finish(session, letter.id, letters.FAILED, at=at, error=UNKNOWN)
            return None
        if found.state == message.SENT:
            return self._take_again(session, letter, found, at)
        if found.state == message.QUEUED and found.left:
            leaving.settle_one(session, found.id, at=at)
            found = sending.read(session, found.id) or found
        if found.state != message.QUEUED:
            outbox.finish(session, letter.id, letters.WITHHELD, at=at)
            return None
        if found.is_for_digest:
            outbox.put_off(session, letter.id, until=at + DIGESTED)
            return None
        return self._begun(session, letter, found, at)

    def _take_again(
        self, session: Session, letter: ClaimedLetter, found: MessageToSend, at: datetime
    ) -> tuple[MessageToSend, ReadyLetter, datetime] | None:
        """The same of one that some of its targets have, for those to whom it still is to go."""
        if deferrals.park(session, found.id, at=at) and found.again is None:
            outbox.finish(session, letter.id, letters.FAILED, at=at, error=UNKNOWN)
            return None
        if found.left:
            sending.give_up(session, found.id, sorted(found.left), at=at)
            found = sending.read(session, found.id) or found
        if found.again is None:
            outbox.finish(session, letter.id, letters.SENT, at=at)
            return None
        return self._begun(session, letter, found, at)

    def _begun(
        self, session: Session, letter: ClaimedLetter, found: MessageToSend, at: datetime
    ) -> tuple[MessageToSend, ReadyLetter, datetime] | None:
        """It is begun, if now is a time for it; the targets that it goes to are counted to."""
        later = self._later(session, found, at)
        if later is not None:
            outbox.put_off(session, letter.id, until=later)
            return None
        ready = self._written(session, letter, found, at)
        if ready is None:
            return None
        sending.begin(session, found)
        for each in found.for_each:
            self._brake.note(each.target_id)
        return found, ready, at

    def _later(self, session: Session, found: MessageToSend, at: datetime) -> datetime | None:
        """When to look again; None where it may go now, and is counted to its target's cap."""
        if (
            found.left
            or found.is_paused
            or not message.may_go(found.writer_state, apart=found.apart)
        ):
            return at + LOOK_AGAIN
        jitter = random.random()  # noqa: S311  # no secret
        paused_until = [self._watch.paused_until(session, to) for to in found.goes_to.values()]
        if any(paused_until):
            return max(filter(None, paused_until)) + jitter * LOOK_AGAIN
        zone = found.time_zone
        if self._paces and not found.paced:
            sending.note_paced(session, found.id)
            return pacing.next_time(at, zone, jitter)
        if self._paces and not pacing.is_office_hour(at, zone):
            return pacing.next_time(at, zone, jitter)
        if any(self._brake.holds(each.target_id) for each in found.for_each):
            log.error("worker: messages wait: more than %d in an hour", pacing.MOST_AN_HOUR)
            return pacing.next_hour(at, zone, jitter)
        match self._room_for_all(session, found, at):
            case Room.NOT_YET:
                return pacing.next_share(at, zone, jitter)
            case Room.NOT_THIS_HOUR:
                return pacing.next_hour(at, zone, jitter)
            case Room.NOT_TODAY:
                return pacing.next_day(at, zone, jitter)
            case Room.YES:
                return None

    def _room_for_all(self, session: Session, found: MessageToSend, at: datetime) -> Room:
        """Count it to the caps of each target, or to none."""
        cap = self._context.settings.messages_per_hour
        taken: list[MessageToSend] = []
        for each in found.for_each:
            room = sending.take_room(session, each, at=at, provider_cap=cap, evenly=self._paces)
            if room != Room.YES:
                _give_back(session, taken, at)
                return room
            taken.append(each)
        return Room.YES

    def _written(
        self, session: Session, letter: ClaimedLetter, found: MessageToSend, at: datetime
    ) -> ReadyLetter | None:
        try:
            if found.sealed is None or found.key_number is None:
                raise SealBroken("its text is deleted")
            text = self._vault.open_message(found.sealed, found.id, found.key_number)
        except SealBroken:
            self._check_keys(session)  # with foreign keys every message would fail for good
            _give_back(session, found.for_each, at)
            if found.again is None:
                sending.park(session, found, at=at)
            else:  # for these it certainly did not leave
                sending.refuse(session, found, at=at)
            outbox.finish(session, letter.id, letters.FAILED, at=at, error="SealBroken")
            return None
        again = found.again
        ready = to_target(
            self._context,
            text,
            letter_id=letter.id,
            to=found.recipients,
            language=found.language,
            at=at if again is None else again.written_at,
        )
        return ready if again is None else replace(ready, only_to=tuple(found.goes_to.values()))

    def _try_later(
        self, letter: ClaimedLetter, found: MessageToSend, taken_at: datetime, error: str
    ) -> None:
        pause = pause_after(letter.attempts + 1, random.random())  # noqa: S311  # no secret
        if pause is None:
            self._finish(letter, found, sending.refuse, f"gave up: {error}")
            return
        self._queue_again(letter, found, taken_at, until=self._now() + pause, error=error)

    def _queue_again(
        self,
        letter: ClaimedLetter,
        found: MessageToSend,
        taken_at: datetime,
        *,
        until: datetime,
        error: str | None = None,
    ) -> None:
        """The server said no, by this error, or was not there: nothing was handed over."""

        def queue(session: Session) -> None:
            sending.queue_again(session, found, at=self._now())
            if error is None:
                outbox.put_off(session, letter.id, until=until)
            else:
                outbox.postpone(session, letter.id, until=until, error=error)
            _give_back(session, found.for_each, taken_at)

        committed(self._transaction, queue)

    def _finish(
        self,
        letter: ClaimedLetter,
        found: MessageToSend,
        note: Callable[..., None],
        error: str,
    ) -> None:
        """It is not tried again: this is noted of the message, and of those whom it was for."""
        at = self._now()

        def finish(session: Session) -> None:
            note(session, found, at=at)
            _end(session, letter, found, letters.FAILED, at=at, error=error)

        committed(self._transaction, finish)


def _end(
    session: Session,
    letter: ClaimedLetter,
    found: MessageToSend,
    state: str,
    *,
    at: datetime,
    error: str | None = None,
) -> None:
    """The letter is over, unless staff had it sent to another of its targets meanwhile."""
    if found.again is not None and deferrals.waiting(session, found.id) is not None:
        outbox.put_off(session, letter.id, until=at)
    else:
        outbox.finish(session, letter.id, state, at=at, error=error)


def _give_back(session: Session, taken: Sequence[MessageToSend], taken_at: datetime) -> None:
    for each in taken:
        sending.give_room_back(session, each, taken_at=taken_at)

"""What a worker does for targets that get one email a day: each digest is handed over once.

It waits for the senders that it needs, goes within office hours, counts as one email to the
target's cap, and is parked while it is handed over, as single messages are (worker/messages.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from petition.domain.messages import pacing
from petition.domain.messages.digest import LEAST_SENDERS, MOST_MESSAGES, DigestState
from petition.errors import SealBroken
from petition.mail.digests import DigestLetter, digest
from petition.mail.letters import LetterContext
from petition.mail.ready_letter import ReadyLetter, UnsafeLetter
from petition.mail.transport import (
    OutcomeUnknown,
    Refused,
    ServerAway,
    Transport,
    TryLater,
    TurnedAway,
)
from petition.printing import Press
from petition.store.campaigns import campaigns
from petition.store.db import Condition, Moment, Session, SessionFactory
from petition.store.db.transient_failures import committed
from petition.store.letters import relay
from petition.store.messages import digests, sending
from petition.store.messages.digests import DigestTarget, SealedMessage
from petition.store.messages.sending import MessageToSend, Room
from petition.store.staff import pauses
from petition.store.staff.pauses import Paused
from petition.store.vault.vault import Vault

EVERY: Final = timedelta(minutes=5)
"""How often it is looked whether one is due."""
AGAIN: Final = timedelta(hours=1)
"""When a digest is made anew that the server did not take."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """A digest that is about to leave."""

    id: int
    ready: ReadyLetter
    place: MessageToSend
    """Its place in the target's cap is that of one message."""
    at: datetime


def is_due(at: Moment) -> Condition:
    """Whether there may be something for `DigestSender.send_due`."""
    rest = pauses.rests(Paused.LETTERS) | relay.is_held()
    return ~rest & digests.is_any(at)


class DigestSender:
    """Makes the digests that are due. `paces` is False where nobody else is written to."""

    def __init__(
        self,
        context: LetterContext,
        vault: Vault,
        transport: Transport,
        *,
        paces: bool,
        transaction: SessionFactory,
        check_keys: Callable[[Session], None],
        now: Callable[[], datetime],
    ) -> None:
        self._context = context
        self._vault = vault
        self._transport = transport
        self._press = Press()
        self._paces = paces
        self._transaction = transaction
        self._check_keys = check_keys
        self._now = now
        self._looked_at: datetime | None = None

    def send_due(self) -> int:
        """Make and send each digest that is due; how many were handed over."""
        at = self._now()
        if self._looked_at is not None and self._looked_at <= at < self._looked_at + EVERY:
            return 0
        self._looked_at = at
        with self._transaction() as session:
            if pauses.since(session, Paused.LETTERS) is not None:
                return 0
            if relay.state(session).held_since is not None:
                return 0
            for digest_id in digests.lost(session, at=at):
                digests.finish(session, digest_id, DigestState.PARKED, at=at)
            ids = digests.target_ids(session)
        return sum(map(self._is_sent, ids))

    def _is_sent(self, target_id: int) -> bool:
        with self._transaction() as session:
            taken = self._take(session, target_id, self._now())
        if taken is None:
            return False
        state = self._handed_over(taken.ready)

        def finish(session: Session) -> None:
            digests.finish(session, taken.id, state, at=self._now())
            if state == DigestState.QUEUED:
                sending.give_room_back(session, taken.place, taken_at=taken.at)

        committed(self._transaction, finish)
        return state == DigestState.SENT

    def _handed_over(self, ready: ReadyLetter) -> DigestState:
        try:
            self._transport.send(ready)
        except OutcomeUnknown:
            log.error("worker: a digest is parked: nobody knows whether its target has it")
            return DigestState.PARKED
        except UnsafeLetter as error:
            log.error("worker: a digest was stopped before it left: wrong %s", error)
            return DigestState.PARKED
        except (ServerAway, TryLater, TurnedAway) as error:
            log.warning("worker: a digest waits: %s", error)
            return DigestState.QUEUED
        except Refused:
            return DigestState.BOUNCED
        return DigestState.SENT

    def _take(self, session: Session, target_id: int, at: datetime) -> _Taken | None:
        """The digest, marked as being handed over; None when none is due."""
        target = digests.lock_target(session, target_id)
        if not self._is_due(target, at):
            return None
        those = digests.waiting(session, target_id)[:MOST_MESSAGES]
        if len({each.signature_id for each in those}) < LEAST_SENDERS:
            return None
        place = sending.read(session, those[0].id)
        if place is None:
            return None
        cap = self._context.settings.messages_per_hour
        room = sending.take_room(session, place, at=at, provider_cap=cap, evenly=False)
        if room != Room.YES:
            return None
        digest_id = digests.begin(session, target_id, those, at=at)
        ready = digest(
            self._context,
            self._press,
            [self._opened(session, each) for each in those],
            digest_id=digest_id,
            to=target.email,
            language=target.language,
            organiser=campaigns.presentation(session, target.slug).organiser,
            at=at,
        )
        return _Taken(id=digest_id, ready=ready, place=place, at=at)

    def _opened(self, session: Session, each: SealedMessage) -> DigestLetter:
        try:
            text = self._vault.open_message(each.sealed, each.id, each.key_number)
        except SealBroken:
            self._check_keys(session)
            raise
        return DigestLetter(text=text, language=each.language)

    def _is_due(self, target: DigestTarget, at: datetime) -> bool:
        if self._paces and not pacing.is_office_hour(at, target.time_zone):
            return False
        if target.last_made_at is None:
            return True
        if target.last_state == DigestState.QUEUED:
            return at >= target.last_made_at + AGAIN
        return pacing.day_at(at, target.time_zone) > pacing.day_at(
            target.last_made_at, target.time_zone
        )

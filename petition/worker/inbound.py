"""What a worker does with emails that came in: it reads one after the other, and settles each.

An email is read outside of any transaction, and goes from its table in the one that notes what it
came to. One that cannot be read stays, is tried again, and is shown to staff as a number.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from petition.config import Settings
from petition.domain.letters import return_words
from petition.domain.letters.inbound import InboundMail, InboundOutcome
from petition.domain.letters.return_words import ReturnKind
from petition.mail import inbound
from petition.mail.inbound import reading
from petition.services.letters import bounces, receiving
from petition.services.messages import replies
from petition.services.messages.replies import AliasContext
from petition.store.db import Session, SessionFactory
from petition.store.db.transient_failures import committed
from petition.store.letters import inbound_mails
from petition.store.letters.inbound_mails import MOST_TRIES, WaitingMail
from petition.store.vault.vault import Vault

MOST: Final = 50
"""In one turn: letters that people wait for go between two."""

log = logging.getLogger(__name__)


class InboundReader:
    """Reads what came in."""

    def __init__(
        self,
        settings: Settings,
        vault: Vault,
        *,
        transaction: SessionFactory,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._aliases = AliasContext(vault=vault, secret_key=settings.secret_key)
        self._transaction = transaction
        self._now = now
        self._has_warned = False

    def reads(self) -> bool:
        """Whether emails come in here, and can be read."""
        if not self._settings.receives:
            return False
        if not inbound.is_available():
            self._warn()
            return False
        return True

    def read_batch(self) -> int:
        """Read what is there; how many emails were looked at."""
        if not self.reads():
            return 0
        done = 0
        while done < MOST:
            found = self._claim()
            if found is None:
                break
            done += 1
            self._deal_with(found)
        return done

    def _claim(self) -> WaitingMail | None:
        with self._transaction() as session:
            return inbound_mails.claim(session, at=self._now())

    def _warn(self) -> None:
        if not self._has_warned:
            log.error("worker: %s", inbound.HOW_TO_INSTALL)
        self._has_warned = True

    def _deal_with(self, waiting: WaitingMail) -> None:
        try:
            mail = self._read(waiting)
        except Exception as error:
            log.error("worker: an email that came in cannot be read: %s", type(error).__name__)
            if waiting.tries == MOST_TRIES:
                self._count(InboundOutcome.UNREADABLE)
            return
        at = self._now()

        def settle(session: Session) -> None:
            if inbound_mails.take_out(session, waiting.id):
                for outcome in self._settled(session, mail, at):
                    inbound_mails.count(session, outcome, at=at)

        committed(self._transaction, settle)

    def _read(self, waiting: WaitingMail) -> InboundMail:
        plain = self._vault.open_inbound(waiting.sealed, waiting.id, waiting.key_number)
        received = receiving.opened(plain)
        return reading.read(
            received.content,
            to=received.envelope.to,
            sender=received.envelope.sender,
            return_domain=self._settings.return_domain,
        )

    def _count(self, outcome: InboundOutcome) -> None:
        with self._transaction() as session:
            inbound_mails.count(session, outcome, at=self._now())

    def _settled(self, session: Session, mail: InboundMail, at: datetime) -> list[InboundOutcome]:
        """What it comes to, at each alias that it came to."""
        if mail.report is not None:
            reported = self._letters(mail.local_parts + mail.quoted, *ReturnKind)
            if not reported:
                return [InboundOutcome.NOWHERE]
            return [bounces.take(session, reported[0], mail.report, at=at)]
        aliases = self._letters(mail.local_parts, ReturnKind.ALIAS)
        if aliases:
            return [replies.take(session, self._aliases, id_, mail, at=at) for id_ in aliases]
        if self._letters(mail.local_parts, ReturnKind.ENVELOPE):
            return [InboundOutcome.AUTO_REPLY if mail.is_auto else InboundOutcome.UNKNOWN]
        return [InboundOutcome.NOWHERE]

    def _letters(self, local_parts: tuple[str, ...], *kinds: ReturnKind) -> list[int]:
        """The letters that words of ours are of."""
        found = (
            return_words.letter_id(self._settings.secret_key, kind, local_part)
            for local_part in local_parts
            for kind in kinds
        )
        return [id_ for id_ in dict.fromkeys(found) if id_ is not None]

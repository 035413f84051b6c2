"""What one worker saw of the mail providers: gathered, and written down from time to time.

Workers would wait for each other if each letter changed its provider's row.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from petition.domain.letters.bounce import BounceClass
from petition.domain.signatures.mail_providers import halves
from petition.services.letters import provider_watch
from petition.store.db import Session, SessionFactory
from petition.store.db.transient_failures import committed
from petition.store.letters.provider_pauses import Tally
from petition.store.vault.vault import Vault

WRITE_EVERY: Final = 10.0

log = logging.getLogger(__name__)


class ProviderWatch:
    """One worker's."""

    def __init__(
        self, vault: Vault, *, transaction: SessionFactory, now: Callable[[], datetime]
    ) -> None:
        self._vault = vault
        self._transaction = transaction
        self._now = now
        self._seen: dict[tuple[str, datetime], Tally] = {}
        self._next_write = 0.0

    def note(self, to: str, means: BounceClass | None) -> None:
        """A server answered to a letter: it took it (None), or what its answer means."""
        _, domain = halves(to)
        place = (domain, self._now().replace(second=0, microsecond=0))
        before = self._seen.get(place, Tally())
        blocked = means is BounceClass.BLOCKED
        self._seen[place] = Tally(letters=before.letters + 1, blocked=before.blocked + int(blocked))
        if blocked or time.monotonic() >= self._next_write:
            self.write()

    def write(self) -> None:
        """Write down what was seen; a provider that blocks us is paused by that."""
        self._next_write = time.monotonic() + WRITE_EVERY
        if not self._seen:
            return
        seen, self._seen = self._seen, {}

        def note(session: Session) -> list[str]:
            return provider_watch.note(session, self._vault, seen, at=self._now())

        for name in committed(self._transaction, note):
            log.error("worker: %s blocks our letters, and gets none for an hour", name)

    def paused_until(self, session: Session, to: str) -> datetime | None:
        """Until when the provider of an address gets nothing; None when it does."""
        return provider_watch.paused_until(session, self._vault, to, at=self._now())

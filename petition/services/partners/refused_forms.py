"""Forms that were refused because of their key: noted for staff, by site and hour, and bounded.

A partner whose key does not work sees a link where the form should be, and may not know why. What
is kept is the host of the page around the form, and nothing of who looked at it.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from petition.domain.partners.refused_form import (
    KEPT,
    MOST_SITES,
    UNKNOWN_KEY,
    UNKNOWN_SITE,
    KeyFault,
)
from petition.store.db import DatabaseFault, Session, SessionFactory
from petition.store.partners import refused_forms
from petition.store.partners.partners import PartnerRecord

EVERY: Final = timedelta(minutes=1)
"""How often one process writes at most."""
MOST_WAITING: Final = 200
"""Sites that a process remembers until it writes; others wait for their next request."""


@dataclass(frozen=True)
class RefusedForm:
    """Whose form, with which partner's key, and around it which site."""

    campaign_id: int
    key: str
    """Of the partner; empty for a key that is nobody's."""
    site: str
    reason: KeyFault


def refused_form(
    campaign_id: int, partner: PartnerRecord | None, site: str, fault: KeyFault | None = None
) -> RefusedForm:
    """What there is to note of a key; `fault` where it is not the key's own."""
    if partner is None:
        return RefusedForm(campaign_id, UNKNOWN_KEY, site, fault or KeyFault.UNKNOWN)
    own = KeyFault.BLOCKED if partner.is_blocked else KeyFault.NOT_ACCEPTED
    return RefusedForm(campaign_id, partner.key, site, fault or own)


class RefusedForms:
    """What one process has to note. The first is written at once, then what came in a minute.

    A crowd on a page whose key does not work must not keep signatures from being written. What
    came after the last writing is lost when the process ends: the numbers are for a look.
    """

    def __init__(self, transaction: SessionFactory) -> None:
        self._transaction = transaction
        self._lock = threading.Lock()
        self._waiting: Counter[RefusedForm] = Counter()
        self._next_at: datetime | None = None

    def note(self, refused: RefusedForm, *, at: datetime) -> None:
        """One more; a database that is away is told of it later."""
        with self._lock:
            if refused in self._waiting or len(self._waiting) < MOST_WAITING:
                self._waiting[refused] += 1
            if self._next_at is not None and at < self._next_at:
                return
            self._next_at = at + EVERY
            waiting, self._waiting = self._waiting, Counter()
        try:
            with self._transaction() as session:
                for each, number in waiting.items():
                    count(session, each, number=number, at=at)
        except DatabaseFault:
            with self._lock:
                self._waiting.update(waiting)


def count(session: Session, refused: RefusedForm, *, number: int, at: datetime) -> None:
    """So many more of that site, or of those without a row of their own once there are enough."""
    campaign_id, key, site = refused.campaign_id, refused.key, refused.site
    if (
        not refused_forms.has(session, campaign_id, key, site)
        and refused_forms.count_sites(session, campaign_id, key) >= MOST_SITES
    ):
        site = UNKNOWN_SITE
    refused_forms.count(
        session, campaign_id, key, site, reason=refused.reason, number=number, at=at
    )


def delete_old(session: Session, *, at: datetime) -> None:
    """Sites that have not asked for long: their key was put right, or nobody looks."""
    refused_forms.delete_old(session, before=at - KEPT)

"""Handing over: to which key a partner's list is encrypted, and whom it may hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from petition.domain.privacy.retention import start
from petition.errors import PetitionError
from petition.services.partners.partners import of_campaign
from petition.store.db import Session
from petition.store.partners.partners import PartnerRecord


class Why(StrEnum):
    """Why there is no list for a partner."""

    BLOCKED = "it is blocked"
    NOT_ACCEPTED = "nobody there has accepted the newest arrangement"
    NO_KEY = "it has given no key to encrypt to; ask for one by `petition partner new-key`"


class NoListFor(PetitionError):
    """This partner gets no list now: nothing leaves in clear, or without an arrangement."""

    def __init__(self, partner: PartnerRecord, why: Why) -> None:
        super().__init__(f"{partner.name}: no list for it, as {why}")
        self.partner = partner
        self.why = why


@dataclass(frozen=True, kw_only=True)
class ListFor:
    """A partner that may receive its list."""

    partner_id: int
    key: str
    recipient: str
    """What the list is encrypted to: the partner's person gave it when they accepted."""
    retention_months: int

    def kept_since(self, at: datetime) -> datetime:
        """Who said yes before then may stand on no list of the partner's any more."""
        return start(at, self.retention_months)


def list_for(session: Session, slug: str, key: str) -> ListFor:
    """The partner of that campaign. Raises NotFound, NoListFor."""
    partner = of_campaign(session, key, slug)
    why = why_none(partner)
    if why is not None:
        raise NoListFor(partner, why)
    assert partner.recipient is not None
    assert partner.terms is not None
    return ListFor(
        partner_id=partner.id,
        key=partner.key,
        recipient=partner.recipient,
        retention_months=partner.terms.retention_months,
    )


def why_none(partner: PartnerRecord) -> Why | None:
    """Why the partner gets no list; None where it may have one.

    While newer terms wait for a yes, nothing goes to the old key: it may be lost.
    """
    if partner.is_blocked:
        return Why.BLOCKED
    if not partner.accepts_now:
        return Why.NOT_ACCEPTED
    return Why.NO_KEY if partner.recipient is None else None

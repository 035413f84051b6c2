"""Places with wider limits: an event's Wi-Fi, a campus; for some hours.

The network is kept until the event ends and no longer, so the audit log, which is for ever, has
only how large it was.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from petition.domain.abuse.places import place
from petition.store.abuse import senders
from petition.store.db import Session
from petition.store.staff import audit


def widen(session: Session, text: str, *, hours: int, factor: int, by: str, at: datetime) -> str:
    """Widen the limits there; the network as it is kept. Raises PlaceRefused or PlaceTooWide.

    A place that is there already gets the new end and factor.
    """
    network = place(text)
    senders.end_allowance(session, str(network))
    until = at + timedelta(hours=hours)
    senders.allow(session, str(network), factor=factor, until=until, by=by, at=at)
    detail = f"a /{network.prefixlen} of IPv{network.version}: {factor} times, {hours} hours"
    audit.note(session, who=by, action="widen limits", outcome="done", at=at, detail=detail)
    return str(network)


def narrow(session: Session, text: str, *, by: str, at: datetime) -> bool:
    """The usual limits again; False when they were. Raises PlaceRefused or PlaceTooWide."""
    network = place(text)
    gone = senders.end_allowance(session, str(network)) > 0
    if gone:
        detail = f"a /{network.prefixlen} of IPv{network.version}"
        audit.note(session, who=by, action="narrow limits", outcome="done", at=at, detail=detail)
    return gone

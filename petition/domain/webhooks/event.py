"""Events of webhooks, the states of deliveries and endpoints, and the body that is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec


class EventKind(StrEnum):
    """What happened; these words are the `type` that receivers read."""

    CONFIRMED = "signature.confirmed"
    WITHDRAWN = "signature.withdrawn"
    """It counts no more; `state` says whether the person or staff took it out."""
    ERASED = "signature.erased"
    CONSENT = "consent.changed"
    CLOSED = "campaign.closed"
    PING = "ping"


class DeliveryState(StrEnum):
    """How far one delivery is."""

    OWED = "owed"
    SENT = "sent"
    """The receiver answered 2xx."""
    DEAD = "dead"
    """Given up after the last try; staff may send it again."""


class EndpointState(StrEnum):
    """Whether an endpoint is sent to."""

    LIVE = "live"
    OFF = "off"
    """Staff switched it off."""
    GONE = "gone"
    """It answered 410."""
    SHUT_OFF = "shut_off"
    """It failed for three days. What happens goes on to be owed."""


class Fault(StrEnum):
    """What went wrong without an answer; these words are kept."""

    ADDRESS = "address refused"
    """It leads to a network that we connect to for nobody."""
    RESOLVE = "name not found"
    CONNECT = "no connection"
    TLS = "no valid certificate"
    TIMEOUT = "no answer in time"
    ANSWER = "no HTTP answer"
    UNSEALED = "secret not readable"
    """Our own: nothing was sent."""


class Algorithm(StrEnum):
    """How its messages are signed, by the names of Standard Webhooks."""

    HMAC = "v1"
    ED25519 = "v1a"


OWING: Final = (EndpointState.LIVE, EndpointState.SHUT_OFF)
"""To these what happens is owed."""
ERASED_STATE: Final = "erased"
GONE: Final = (EventKind.WITHDRAWN, EventKind.ERASED)
"""After these a receiver has somebody on its list no more."""
LEAVING: Final = (EventKind.WITHDRAWN, EventKind.ERASED, EventKind.CONSENT)
"""What a receiver must act upon: staff are shown those that it has not acknowledged."""


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a full message says of a person beside what each says."""

    given_name: str
    family_name: str
    email: str
    country: str
    language: str
    postcode: str | None = None
    """None, as what follows: a partner is not told."""
    visibility: str | None = None
    updates: str | None = None


class Data(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened, to what."""

    campaign: str
    sequence: int | None = None
    """Counts the messages to this endpoint: 1, 2, 3 …; at a partner, its events."""
    reference: str | None = None
    """Which signature."""
    state: str | None = None
    """How it stands since."""
    purpose: str | None = None
    """Of a changed consent: which question,"""
    answer: str | None = None
    """and what is answered now."""
    signature: Details | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The body of one message."""

    type: EventKind
    timestamp: str
    """When it happened; UTC."""
    data: Data


def body(kind: EventKind, data: Data, *, at: datetime) -> bytes:
    """The message as it is signed and sent."""
    stamp = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return msgspec.json.encode(Message(type=kind, timestamp=stamp, data=data))

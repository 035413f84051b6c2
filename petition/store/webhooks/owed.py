"""What webhooks owe: one row for each endpoint that is told, in the transaction of its cause.

Whoever changes a signature's state, its answers or a campaign's state calls this, for the
organiser's endpoints. A partner's are told its own events, and nothing else of anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, insert, literal, select
from sqlalchemy.orm import Session

from petition.domain.signatures import consent, states
from petition.domain.webhooks.event import (
    ERASED_STATE,
    OWING,
    DeliveryState,
    EndpointState,
    EventKind,
)
from petition.store.db import Instant
from petition.store.tables import Signature, WebhookDelivery, WebhookEndpoint

_DELIVERIES: Table = WebhookDelivery.__table__  # type: ignore[assignment]  # declared as FromClause
PART: Final = 500
"""Signatures in one statement."""


def note_state(session: Session, ids: Sequence[int], state: str, *, at: datetime) -> None:
    """These signatures began to count, or ended to: they are in that state now."""
    kind = EventKind.CONFIRMED if state == states.CONFIRMED else EventKind.WITHDRAWN
    _note(session, kind, ids, state, at)


def note_erased(session: Session, ids: Sequence[int], *, at: datetime) -> None:
    """These signatures are about to be erased; who never confirmed was never told of."""
    _note(session, EventKind.ERASED, ids, ERASED_STATE, at)


def note_answer(
    session: Session, entry_id: int, purpose: str, answer: str, *, at: datetime
) -> None:
    """A supporter whose signature counts answers a question anew."""
    if purpose == consent.SIGN:  # that is a withdrawal, or the end of one
        return
    counts = Signature.state == states.CONFIRMED
    query = _of_signatures(
        EventKind.CONSENT, literal(None, _DELIVERIES.c.signature_state.type), at, purpose, answer
    )
    _insert(session, query.where(Signature.entry_id == entry_id, counts))


def note_partner(
    session: Session,
    partner_id: int,
    kind: EventKind,
    state: str,
    *,
    signature_id: int,
    sequence: int,
    at: datetime,
) -> None:
    """What a partner learns of one who said yes to it; its events' number is this one's."""
    text = _DELIVERIES.c.purpose.type
    query = (
        _of_endpoints(kind, at)
        .add_columns(
            literal(signature_id),
            literal(state),
            literal(None, text),
            literal(None, text),
            literal(sequence),
        )
        .where(WebhookEndpoint.partner_id == partner_id, WebhookEndpoint.state.in_(OWING))
    )
    _insert(session, query)


def note_closed(session: Session, campaign_id: int, *, at: datetime) -> None:
    """The campaign takes no more signatures."""
    query = _of_endpoints(EventKind.CLOSED, at)
    owing = WebhookEndpoint.state.in_(OWING)
    _insert(session, query.where(WebhookEndpoint.campaign_id == campaign_id, owing))


def note_ping(session: Session, endpoint_id: int, *, at: datetime) -> None:
    """Staff want to see whether this endpoint answers."""
    live = WebhookEndpoint.state == EndpointState.LIVE
    query = _of_endpoints(EventKind.PING, at).where(WebhookEndpoint.id == endpoint_id, live)
    _insert(session, query)


def _note(session: Session, kind: EventKind, ids: Sequence[int], state: str, at: datetime) -> None:
    for begin in range(0, len(ids), PART):
        query = _of_signatures(kind, literal(state), at, None, None)
        part = Signature.id.in_(ids[begin : begin + PART])
        _insert(session, query.where(part, Signature.confirmed_at.is_not(None)))


_NAMES: Final = (
    "endpoint_id",
    "kind",
    "happened_at",
    "due_at",
    "state",
    "attempts",
    "signature_id",
    "signature_state",
    "purpose",
    "answer",
    "sequence",
)


def _of_endpoints(kind: EventKind, at: datetime) -> Select[*tuple[Any, ...]]:
    return select(
        WebhookEndpoint.id,
        literal(str(kind)),
        literal(at, Instant),
        literal(at, Instant),
        literal(str(DeliveryState.OWED)),
        literal(0),
    )


def _of_signatures(
    kind: EventKind,
    state: ColumnElement[Any],
    at: datetime,
    purpose: str | None,
    answer: str | None,
) -> Select[*tuple[Any, ...]]:
    text = _DELIVERIES.c.purpose.type
    return (
        _of_endpoints(kind, at)
        .add_columns(Signature.id, state, literal(purpose, text), literal(answer, text))
        .join(Signature, Signature.campaign_id == WebhookEndpoint.campaign_id)
        .where(WebhookEndpoint.state.in_(OWING), WebhookEndpoint.partner_id.is_(None))
        .order_by(Signature.id, WebhookEndpoint.id)
    )


def _insert(session: Session, query: Select[*tuple[Any, ...]]) -> None:
    session.flush()  # the state that is read is the changed one
    names = _NAMES[: len(query.selected_columns)]
    session.connection().execute(insert(_DELIVERIES).from_select(names, query))

"""Deliveries of webhooks: which are next, what became of them, and what staff see of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    String,
    delete,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from petition.domain.webhooks.event import GONE, LEAVING, DeliveryState, EventKind, Fault
from petition.store.tables import Partner, PartnerOptIn, WebhookDelivery, WebhookEndpoint
from petition.store.webhooks import endpoints

SHOWN: Final = 50


@dataclass(frozen=True, kw_only=True)
class DeliveryRecord:
    """One message to one endpoint."""

    id: int
    kind: EventKind
    signature_id: int | None
    signature_state: str | None
    purpose: str | None
    answer: str | None
    happened_at: datetime
    sequence: int | None
    state: DeliveryState
    due_at: datetime
    attempts: int
    status: int | None
    took_ms: int | None
    last_error: Fault | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is known of one try: the status of the answer or our word, and how long it took."""

    status: int | None
    error: Fault | None
    took_ms: int
    may_have_arrived: bool
    """True where any of it was sent, whether or not an answer came."""


def take(
    session: Session, endpoint_id: int, *, numbered: bool, at: datetime, most: int
) -> list[DeliveryRecord]:
    """The next messages to an endpoint that is claimed, `numbered` where we count them for it.

    Of each signature only the oldest: the next one goes when that is acknowledged or given up.
    New ones come first, so that one which the receiver cannot take holds up nobody else's.
    """
    earlier = aliased(WebhookDelivery)
    held_up = exists().where(
        earlier.endpoint_id == WebhookDelivery.endpoint_id,
        earlier.signature_id == WebhookDelivery.signature_id,
        earlier.state == DeliveryState.OWED,
        earlier.id < WebhookDelivery.id,
    )
    rows = session.scalars(
        select(WebhookDelivery)
        .where(_owed(endpoint_id), WebhookDelivery.due_at <= at, ~held_up)
        .order_by(WebhookDelivery.attempts > 0, WebhookDelivery.due_at, WebhookDelivery.id)
        .limit(most)
    ).all()
    new = [row for row in rows if row.sequence is None and numbered]
    if new:
        first = endpoints.next_sequences(session, endpoint_id, len(new))
        for number, row in enumerate(new, first):
            row.sequence = number
        session.flush()
    return [_record(row) for row in rows]


def note_sent(session: Session, delivery_id: int, answer: Answer, *, at: datetime) -> None:
    """The receiver has it."""
    _note(session, delivery_id, answer, {"state": DeliveryState.SENT, "finished_at": at})


def note_dead(session: Session, delivery_id: int, answer: Answer, *, at: datetime) -> None:
    """It is not tried again."""
    _note(session, delivery_id, answer, {"state": DeliveryState.DEAD, "finished_at": at})


def postpone(session: Session, delivery_id: int, answer: Answer, *, until: datetime) -> None:
    """It is tried again later."""
    _note(session, delivery_id, answer, {"due_at": until})


def _note(session: Session, delivery_id: int, answer: Answer, values: dict[str, Any]) -> None:
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id, WebhookDelivery.state == DeliveryState.OWED)
        .values(
            attempts=WebhookDelivery.attempts + 1,
            status=answer.status,
            last_error=answer.error,
            took_ms=answer.took_ms,
            **values,
        )
        .execution_options(synchronize_session=False)
    )


def hasten(session: Session, endpoint_id: int, *, at: datetime) -> None:
    """All that waits for an endpoint is due now: it answers again."""
    session.execute(
        update(WebhookDelivery)
        .where(_owed(endpoint_id), WebhookDelivery.due_at > at)
        .values(due_at=at)
        .execution_options(synchronize_session=False)
    )


def replay(session: Session, endpoint_id: int, delivery_id: int, *, at: datetime) -> bool:
    """Owe it once more, under the same id; False when it is owed, or not this endpoint's."""
    return bool(_owe_again(session, endpoint_id, WebhookDelivery.id == delivery_id, at=at))


def replay_dead(session: Session, endpoint_id: int, *, at: datetime) -> int:
    """Owe all once more that were given up; how many."""
    return _owe_again(session, endpoint_id, WebhookDelivery.state == DeliveryState.DEAD, at=at)


def _owe_again(
    session: Session, endpoint_id: int, which: ColumnElement[bool], *, at: datetime
) -> int:
    again = session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.state != DeliveryState.OWED,
            which,
        )
        .values(state=DeliveryState.OWED, due_at=at, attempts=0, finished_at=None)
        .execution_options(synchronize_session=False)
    )
    return int(again.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one


def latest(session: Session, endpoint_id: int) -> tuple[DeliveryRecord, ...]:
    """The last messages to an endpoint: what was given up first, then by when it happened."""
    rows = session.scalars(
        select(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint_id)
        .order_by((WebhookDelivery.state == DeliveryState.DEAD).desc(), WebhookDelivery.id.desc())
        .limit(SHOWN)
    )
    return tuple(map(_record, rows))


def summary(session: Session, endpoint_id: int) -> dict[str, int]:
    """Messages to an endpoint by state."""
    rows = session.execute(
        select(WebhookDelivery.state, func.count())
        .where(WebhookDelivery.endpoint_id == endpoint_id)
        .group_by(WebhookDelivery.state)
    )
    return {row.state: row[1] for row in rows}


def overdue(session: Session, endpoint_id: int, *, before: datetime) -> int:
    """Withdrawals, erasures and changed answers from before then that are not acknowledged."""
    query = select(func.count()).where(
        WebhookDelivery.endpoint_id == endpoint_id,
        WebhookDelivery.state != DeliveryState.SENT,
        WebhookDelivery.kind.in_(LEAVING),
        WebhookDelivery.happened_at <= before,
    )
    return session.scalar(query) or 0


@dataclass(frozen=True, kw_only=True)
class Unheard:
    """A partner's program has not acknowledged that somebody left it."""

    partner: str
    """The partner's name."""
    since: datetime


def unheard(session: Session, signature_ids: Collection[int]) -> tuple[Unheard, ...]:
    """Partners that these people left, and whose programs have not said that they heard of it.

    Not one that they said yes to again since.
    """
    again = exists().where(
        PartnerOptIn.signature_id.in_(signature_ids), PartnerOptIn.partner_id == Partner.id
    )
    rows = session.execute(
        select(Partner.name, func.min(WebhookDelivery.happened_at))
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .join(Partner, Partner.id == WebhookEndpoint.partner_id)
        .where(
            WebhookDelivery.signature_id.in_(signature_ids),
            WebhookDelivery.kind.in_(GONE),
            # Written out, not bound: only so is the partial index used.
            WebhookDelivery.state != literal_column("'sent'", String),
            ~again,
        )
        .group_by(Partner.id, Partner.name)
        .order_by(Partner.id)
    )
    return tuple(Unheard(partner=name, since=since) for name, since in rows)


def delete_old(session: Session, *, before: datetime, at: datetime) -> None:
    """Rows that ended before then go; what is owed for so long is given up."""
    session.execute(
        delete(WebhookDelivery)
        .where(WebhookDelivery.state != DeliveryState.OWED, WebhookDelivery.finished_at < before)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.state == DeliveryState.OWED, WebhookDelivery.happened_at < before)
        .values(state=DeliveryState.DEAD, finished_at=at)
        .execution_options(synchronize_session=False)
    )


def _owed(endpoint_id: int) -> ColumnElement[bool]:
    return (WebhookDelivery.endpoint_id == endpoint_id) & (
        WebhookDelivery.state == DeliveryState.OWED
    )


def _record(row: WebhookDelivery) -> DeliveryRecord:
    return DeliveryRecord(
        id=row.id,
        kind=EventKind(row.kind),
        signature_id=row.signature_id,
        signature_state=row.signature_state,
        purpose=row.purpose,
        answer=row.answer,
        happened_at=row.happened_at,
        sequence=row.sequence,
        state=DeliveryState(row.state),
        due_at=row.due_at,
        attempts=row.attempts,
        status=row.status,
        took_ms=row.took_ms,
        last_error=Fault(row.last_error) if row.last_error else None,
        finished_at=row.finished_at,
    )

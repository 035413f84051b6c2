"""Endpoints of webhooks: made, changed, claimed by one worker at a time, and their failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from petition.domain.webhooks.event import Algorithm, DeliveryState, EndpointState
from petition.store.db.leases import is_free
from petition.store.tables import Campaign, Partner, WebhookDelivery, WebhookEndpoint


@dataclass(frozen=True, kw_only=True)
class EndpointRecord:
    """One endpoint; its secrets are still sealed."""

    id: int
    key: str
    campaign_id: int
    campaign: str
    """The campaign's slug."""
    partner_id: int | None
    partner: str | None
    """The partner's key, where it is a partner's."""
    partner_name: str | None
    url: str
    algorithm: Algorithm
    secret: bytes
    old_secret: bytes | None
    old_secret_until: datetime | None
    is_full: bool
    state: EndpointState
    failures: int
    failing_since: datetime | None
    warnings: int
    next_try_at: datetime | None
    made_by: str
    made_at: datetime

    @property
    def is_live(self) -> bool:
        return self.state == EndpointState.LIVE


@dataclass(frozen=True, kw_only=True)
class NewRow:
    """An endpoint that is to be kept."""

    campaign_id: int
    partner_id: int | None
    key: str
    url: str
    algorithm: Algorithm
    made_by: str
    made_at: datetime


def add(session: Session, new: NewRow) -> int:
    """A new endpoint, live, without its secret: that is sealed for its number."""
    row = WebhookEndpoint(
        campaign_id=new.campaign_id,
        partner_id=new.partner_id,
        key=new.key,
        url=new.url,
        algorithm=new.algorithm,
        secret=b"",
        state=EndpointState.LIVE,
        made_by=new.made_by,
        made_at=new.made_at,
    )
    session.add(row)
    session.flush()
    return row.id


def of_campaign(session: Session, slug: str) -> tuple[EndpointRecord, ...]:
    """The oldest first."""
    rows = session.execute(_query().where(Campaign.slug == slug).order_by(WebhookEndpoint.id))
    return tuple(_record(*row) for row in rows)


def by_key(session: Session, slug: str, key: str) -> EndpointRecord | None:
    """The endpoint of that campaign with this key."""
    query = _query().where(Campaign.slug == slug, WebhookEndpoint.key == key)
    row = session.execute(query).first()
    return _record(*row) if row is not None else None


def lock(session: Session, endpoint_id: int) -> EndpointRecord:
    """The endpoint as it is now, its row held until the transaction ends."""
    query = _query().where(WebhookEndpoint.id == endpoint_id).with_for_update(of=WebhookEndpoint)
    row = session.execute(query.execution_options(populate_existing=True)).one()
    return _record(*row)


def set_values(session: Session, endpoint_id: int, values: Mapping[str, Any]) -> None:
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def claim(
    session: Session, *, worker: str, at: datetime, lease: timedelta
) -> EndpointRecord | None:
    """Take one endpoint for which something is due; None where there is none.

    One worker sends to it for as long as the lease lasts, so what is sent keeps its order.
    """
    found = (
        select(WebhookEndpoint.id)
        .where(_is_due(at))
        # Who waited longest for its turn comes first.
        .order_by(WebhookEndpoint.leased_until.nulls_first(), WebhookEndpoint.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    claimed = session.scalar(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == found.scalar_subquery())
        .values(leased_until=at + lease, leased_by=worker)
        .returning(WebhookEndpoint.id)
        .execution_options(synchronize_session=False)
    )
    return lock(session, claimed) if claimed is not None else None


def release(session: Session, endpoint_id: int, *, worker: str, at: datetime) -> None:
    """Give the endpoint back; the time says since when it waits for its next turn."""
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.leased_by == worker)
        .values(leased_until=at, leased_by=None)
        .execution_options(synchronize_session=False)
    )


def next_sequences(session: Session, endpoint_id: int, number: int) -> int:
    """Take so many numbers for messages; the first of them."""
    last = session.scalars(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id)
        .values(last_sequence=WebhookEndpoint.last_sequence + number)
        .returning(WebhookEndpoint.last_sequence)
        .execution_options(synchronize_session=False)
    ).one()
    return last - number + 1


def any_due(session: Session, *, at: datetime) -> bool:
    """Whether there is an endpoint to claim: a look that keeps nobody from writing."""
    return session.scalar(select(WebhookEndpoint.id).where(_is_due(at)).limit(1)) is not None


def _is_due(at: datetime) -> ColumnElement[bool]:
    waiting = (
        select(WebhookDelivery.id)
        .where(
            WebhookDelivery.endpoint_id == WebhookEndpoint.id,
            WebhookDelivery.state == DeliveryState.OWED,
            WebhookDelivery.due_at <= at,
        )
        .correlate(WebhookEndpoint)
    )
    return and_(
        WebhookEndpoint.state == EndpointState.LIVE,
        is_free(WebhookEndpoint.leased_until, at),
        or_(WebhookEndpoint.next_try_at.is_(None), WebhookEndpoint.next_try_at <= at),
        waiting.exists(),
    )


def _query() -> Any:
    return (
        select(WebhookEndpoint, Campaign.slug, Partner.key, Partner.name)
        .join(Campaign, Campaign.id == WebhookEndpoint.campaign_id)
        .outerjoin(Partner, Partner.id == WebhookEndpoint.partner_id)
    )


def _record(
    row: WebhookEndpoint, campaign: str, partner: str | None, partner_name: str | None
) -> EndpointRecord:
    return EndpointRecord(
        id=row.id,
        key=row.key,
        campaign_id=row.campaign_id,
        campaign=campaign,
        partner_id=row.partner_id,
        partner=partner,
        partner_name=partner_name,
        url=row.url,
        algorithm=Algorithm(row.algorithm),
        secret=bytes(row.secret),
        old_secret=bytes(row.old_secret) if row.old_secret is not None else None,
        old_secret_until=row.old_secret_until,
        is_full=row.is_full,
        state=EndpointState(row.state),
        failures=row.failures,
        failing_since=row.failing_since,
        warnings=row.warnings,
        next_try_at=row.next_try_at,
        made_by=row.made_by,
        made_at=row.made_at,
    )

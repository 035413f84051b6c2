"""Webhooks: who gets them, and what is owed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain.webhooks.event import Algorithm, DeliveryState, EndpointState, EventKind
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_of


class WebhookEndpoint(Base):
    """A program of the organiser, or of a partner, that is told what happens to signatures."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (one_of("state", tuple(EndpointState)), one_of("algorithm", tuple(Algorithm)))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"), index=True)
    """Whose it is, if not the organiser's: it is told of who said yes to this partner alone."""
    key: Mapped[str] = mapped_column(String(16), unique=True)
    """What pages and the audit log name it by."""
    url: Mapped[str] = mapped_column(String(400))
    algorithm: Mapped[str] = mapped_column(String(3))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Sealed."""
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed: the one before, which signs beside it for a while."""
    old_secret_until: Mapped[datetime | None] = mapped_column(Instant)
    is_full: Mapped[bool] = mapped_column(default=False)
    """True where an owner had names and addresses sent along."""
    state: Mapped[str] = mapped_column(String(10))
    last_sequence: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    """In a row."""
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    warnings: Mapped[int] = mapped_column(default=0)
    """Sent since it fails."""
    next_try_at: Mapped[datetime | None] = mapped_column(Instant)
    leased_until: Mapped[datetime | None] = mapped_column(Instant)
    leased_by: Mapped[str | None] = mapped_column(String(64))
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[datetime] = mapped_column(Instant)


class WebhookDelivery(Base):
    """One message that is owed to one endpoint: a row of the same transaction as its cause."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        one_of("state", tuple(DeliveryState)),
        one_of("kind", tuple(EventKind)),
        Index(
            "ix_webhook_deliveries_owed",
            "endpoint_id",
            "due_at",
            postgresql_where=text("state = 'owed'"),
            sqlite_where=text("state = 'owed'"),
        ),
        Index(
            "ix_webhook_deliveries_order",
            "endpoint_id",
            "signature_id",
            "id",
            postgresql_where=text("state = 'owed'"),
            sqlite_where=text("state = 'owed'"),
        ),
        Index(
            "ix_webhook_deliveries_not_sent",
            "signature_id",
            postgresql_where=text("state != 'sent'"),
            sqlite_where=text("state != 'sent'"),
        ),
        # No number is given twice: receivers drop a message whose id they have seen before.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    signature_id: Mapped[int | None] = mapped_column(Id)
    """No foreign key: an erasure must still be told."""
    signature_state: Mapped[str | None] = mapped_column(String(10))
    purpose: Mapped[str | None] = mapped_column(String(64))
    answer: Mapped[str | None] = mapped_column(String(64))
    happened_at: Mapped[datetime] = mapped_column(Instant)
    sequence: Mapped[int | None] = mapped_column(Id)
    """The organiser's is given when it is first taken to be sent; a partner's is its event's."""
    state: Mapped[str] = mapped_column(String(10))
    due_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]
    """Of the last answer; of what else it said nothing is kept."""
    took_ms: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(30))
    """Our own word for what went wrong without an answer."""
    finished_at: Mapped[datetime | None] = mapped_column(Instant)

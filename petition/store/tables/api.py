"""What the API keeps: its tokens, and keys of requests that must be done once."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from petition.store.db import Base, Id, Instant


class RequestKeyRow(Base):
    """A request that a program named; for a day. Hashes only (domain/api/request_keys.py)."""

    __tablename__ = "request_keys"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary(32))
    began_at: Mapped[datetime] = mapped_column(Instant, index=True)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    """None while it runs."""


class ApiToken(Base):
    """A token by which a program reads signatures; never deleted."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"), index=True)
    """None for the organiser's."""
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    shown: Mapped[str] = mapped_column(String(12), unique=True)
    """How it begins: what staff tell it by."""
    scopes: Mapped[str] = mapped_column(Text)
    """JSON: what it opens."""
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    last_used_on: Mapped[date | None]
    used_hour: Mapped[datetime | None] = mapped_column(Instant)
    """The hour in which it was used last."""
    used_number: Mapped[int] = mapped_column(server_default="0")
    """How often in that hour."""
    list_id: Mapped[int | None] = mapped_column(ForeignKey("exports.id"))
    """The newest list in the ledger that it took out: a new one begins each day."""
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

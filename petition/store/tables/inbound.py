"""What came in by mail, until it is read; how much of it; and how providers take our letters."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from petition.store.db import Base, Id, Instant


class InboundMail(Base):
    """One email as it came in, sealed; it goes when it is read."""

    __tablename__ = "inbound_mails"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_number: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant, index=True)
    """When a worker may read it: later, once that failed."""
    tries: Mapped[int] = mapped_column(default=0)


class InboundMark(Base):
    """Where an email was taken from, and may be found once more: a keyed hash of the place."""

    __tablename__ = "inbound_marks"

    mark: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(Instant, index=True)


class InboundCount(Base):
    """How many emails of one day came to what."""

    __tablename__ = "inbound_counts"

    on_day: Mapped[date] = mapped_column(Date, primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int]


class ProviderMinute(Base):
    """How a mail provider answered to our letters in one minute; nobody's address leads there."""

    __tablename__ = "provider_minutes"

    provider_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    minute: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    letters: Mapped[int]
    blocked: Mapped[int]


class ProviderPause(Base):
    """A mail provider that blocks us: nothing goes there for a while."""

    __tablename__ = "provider_pauses"

    provider_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(253))
    """Its domain: at least fifty letters went there within the hour."""
    paused_at: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)
    letters: Mapped[int]
    blocked: Mapped[int]

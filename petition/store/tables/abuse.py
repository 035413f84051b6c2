"""Counts by sender, and places with wider limits."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Date,
    Index,
    LargeBinary,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.store.db import Base, Id, Instant


class SenderKey(Base):
    """The random value of one day's hashes of senders; deleted together with them."""

    __tablename__ = "sender_keys"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary(32))
    hidden_at: Mapped[datetime | None] = mapped_column(Instant)
    """When a proxy that is not among the trusted ones last hid who sent a request."""


class SenderCount(Base):
    """How much of one thing a sender did: since a minute and an hour began, by their clocks.

    Times are milliseconds since 1970, so that both databases reckon with them alike.
    """

    __tablename__ = "sender_counts"
    __table_args__ = (Index("ix_sender_counts_day", "day"),)

    sender: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    """Keyed hash of the network address (domain/abuse/senders.py), good for one day."""
    action: Mapped[str] = mapped_column(String(20), primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    minute_at: Mapped[int] = mapped_column(BigInteger)
    minute: Mapped[int]
    hour_at: Mapped[int] = mapped_column(BigInteger)
    hour: Mapped[int]
    turn_at: Mapped[int] = mapped_column(BigInteger)
    """Of letters: when all of them will have gone, were each to wait its turn."""
    taken: Mapped[int]
    """Of the last statement."""
    refused: Mapped[int]
    """Of the whole day."""
    refused_at: Mapped[int] = mapped_column(BigInteger)
    burst: Mapped[int]
    """The limits that it was last counted by."""
    hourly: Mapped[int]
    pace: Mapped[int]
    """Milliseconds from one letter to the next; 0 where there are no letters."""


class SenderTry(Base):
    """A sender tried a subject: one hash of both, which names neither."""

    __tablename__ = "sender_tries"
    __table_args__ = (Index("ix_sender_tries_day", "day"),)

    pair: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    day: Mapped[date] = mapped_column(Date)


class SenderAllowance(Base):
    """Staff widened the limits for a place, by its network, until an event ends."""

    __tablename__ = "sender_allowances"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    network: Mapped[str] = mapped_column(String(43))
    factor: Mapped[int]
    until: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(Instant)


class ActionTotal(Base):
    """How often something was done by all senders together, since a window began."""

    __tablename__ = "action_totals"

    action: Mapped[str] = mapped_column(String(20), primary_key=True)
    since: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(BigInteger)

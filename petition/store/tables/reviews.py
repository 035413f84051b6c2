"""Moderation: what staff decided about public names and comments, and who is reading which."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain.signatures import moderation
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_of


class Review(Base):
    """What staff decided about one public name and comment."""

    __tablename__ = "reviews"
    __table_args__ = (
        one_of("verdict", moderation.VERDICTS),
        Index("ix_reviews_campaign_id_id", "campaign_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), unique=True)
    verdict: Mapped[str] = mapped_column(String(10))
    by: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(Instant)


class ReviewClaim(Base):
    """Who of staff is reading a name that waits, so that nobody else is shown it meanwhile.

    A form's number and no more; the row goes with the decision, or when its time is over.
    """

    __tablename__ = "review_claims"

    entry_id: Mapped[int] = mapped_column(
        ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    by: Mapped[str] = mapped_column(String(254))
    until: Mapped[datetime] = mapped_column(Instant)


class ReviewChange(Base):
    """What stood before a decision, for the hour in which it can be undone."""

    __tablename__ = "review_changes"
    __table_args__ = (
        Index("ix_review_changes_campaign_id_by", "campaign_id", "by"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), index=True)
    batch: Mapped[str] = mapped_column(String(16))
    """Those that were decided by one press of a button, and are undone together."""
    verdict: Mapped[str] = mapped_column(String(10))
    by: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(Instant)
    """The decision itself: only while it stands, there is something to undo."""
    before_verdict: Mapped[str | None] = mapped_column(String(10))
    """What had been decided before; all three are null where nothing had."""
    before_by: Mapped[str | None] = mapped_column(String(254))
    before_at: Mapped[datetime | None] = mapped_column(Instant)

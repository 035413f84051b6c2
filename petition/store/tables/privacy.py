"""What stays of an erased signature, and mailboxes that get no letters."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    ForeignKey,
    LargeBinary,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.store.db import Base, Id, Instant


class Erasure(Base):
    """A signature that is gone, by its number alone: exports that hold it must let it go."""

    __tablename__ = "erasures"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    signature_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    erased_at: Mapped[datetime] = mapped_column(Instant)


class Block(Base):
    """A mailbox whose owner said: this was not me. No letter of any campaign goes there."""

    __tablename__ = "mailbox_blocks"

    mailbox_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    link_key: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """The address in the link that was pressed, where it is another: that link lifts the block."""
    blocked_at: Mapped[datetime] = mapped_column(Instant)


class StaffView(Base):
    """On which day staff of which role read a form's name and comment; never which of them."""

    __tablename__ = "staff_views"

    entry_id: Mapped[int] = mapped_column(
        ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True
    )
    on_day: Mapped[date] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    """Of a role of the console, or `server` for a command there."""

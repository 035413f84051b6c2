"""Bulk actions of staff on signatures, for as long as they can be undone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain.signatures import states
from petition.domain.signatures.bulk_actions import ActionState, Verb
from petition.domain.signatures.hold_reasons import HoldReason
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_of


class BulkAction(Base):
    """Something that staff do with one signature or many: counted first, then done."""

    __tablename__ = "bulk_actions"
    __table_args__ = (
        one_of("verb", tuple(Verb)),
        one_of("reason", tuple(HoldReason)),
        one_of("state", tuple(ActionState)),
        {"sqlite_autoincrement": True},  # an old page must not lead to another action
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), index=True
    )
    verb: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(20))
    """Why they are held or rejected."""
    by: Mapped[str] = mapped_column(String(254))
    """Who counted it, and once it is done, who did that."""
    state: Mapped[str] = mapped_column(String(10))
    counted: Mapped[str] = mapped_column(Text)
    """What the count found, as JSON."""
    planned_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    """Of an erasure: when it was asked for."""
    changed: Mapped[int | None]
    """How many it changed."""
    kept: Mapped[int | None]
    """How many undoing could not lead back, as they had changed since."""


class BulkActionItem(Base):
    """A signature that an action is about, and what stood in its row before."""

    __tablename__ = "bulk_action_items"
    __table_args__ = (
        one_of("was_state", states.STATES),
        one_of("was_hold_reason", tuple(HoldReason)),
    )

    action_id: Mapped[int] = mapped_column(
        ForeignKey("bulk_actions.id", ondelete="CASCADE"), primary_key=True
    )
    signature_id: Mapped[int] = mapped_column(
        ForeignKey("signatures.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    was_state: Mapped[str] = mapped_column(String(10))
    """When it was counted: what has changed since is left alone."""
    is_done: Mapped[bool] = mapped_column(server_default=false())
    was_hold_reason: Mapped[str | None] = mapped_column(String(20))
    was_moved_at: Mapped[datetime | None] = mapped_column(Instant)

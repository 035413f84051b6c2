"""Staff accounts, sessions, sign-ins, and the audit log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.store.db import Base, Id, Instant


class Staff(Base):
    """Who signs in."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant)


class StaffInvite(Base):
    """A one-time set-up link; only the hash of its token is kept."""

    __tablename__ = "staff_invites"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class StaffSession(Base):
    """A signed-in browser; only the hash of its cookie's secret is kept."""

    __tablename__ = "staff_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class StaffDevice(Base):
    """A browser that has signed in before: it opens nothing, and its tries have their own count."""

    __tablename__ = "staff_devices"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    seen_at: Mapped[datetime] = mapped_column(Instant)


class SignInPlace(Base):
    """A try to sign in, for as long as it counts; the key says how many there are at most."""

    __tablename__ = "sign_in_places"
    __table_args__ = (UniqueConstraint("subject", "place"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subject: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Keyed hash of the address that was typed, known or not, or of a device's secret."""
    place: Mapped[int]
    taken_at: Mapped[datetime] = mapped_column(Instant, index=True)


class SignInRefusal(Base):
    """How often signing in to an account went wrong in an hour; 0 is every address without one."""

    __tablename__ = "sign_in_refusals"

    account: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    number: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(Instant)


class Audit(Base):
    """What staff did or tried to do. Rows are added, never changed (a trigger refuses)."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_who_at", "who", "action", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    who: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str | None] = mapped_column(String(500))

"""Staff accounts, sessions, sign-ins, and the audit log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain.staff.roles import Role
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_of


class Staff(Base):
    """Who signs in."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant)
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The secret that their app makes codes from; None until they have set it up."""
    totp_set_at: Mapped[datetime | None] = mapped_column(Instant)
    totp_last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The half minute of the last code that was taken: only a later one is taken from then on."""
    codes_since: Mapped[datetime | None] = mapped_column(Instant)
    codes_tried: Mapped[int] = mapped_column(server_default="0")
    """Codes that were tried since then, without those that were right."""
    passkeys: Mapped[int] = mapped_column(server_default="0")
    """How many they have: of two browsers that set a first one up, or take a last one away, this
    row lets one."""
    language: Mapped[str] = mapped_column(String(10), server_default="en")
    """In which they last signed in: letters to them are written in it."""


class StaffRole(Base):
    """What somebody may do on one campaign, or on all of them."""

    __tablename__ = "staff_roles"
    __table_args__ = (
        one_of("role", tuple(Role)),
        UniqueConstraint("staff_id", "campaign_id"),
        Index(
            "uq_staff_roles_everywhere",
            "staff_id",
            unique=True,
            postgresql_where=text("campaign_id IS NULL"),
            sqlite_where=text("campaign_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    campaign_id: Mapped[int | None] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), index=True
    )
    """None: every campaign, also those that are still to come."""
    role: Mapped[str] = mapped_column(String(20))
    further: Mapped[str] = mapped_column(String(200), server_default="[]")
    """Rights beside the role, as JSON: the four that stand apart."""


class StaffInvite(Base):
    """A one-time link for an account; only the hash of its token is kept."""

    __tablename__ = "staff_invites"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(20), server_default="set-up")
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class StaffSession(Base):
    """A browser that has given a password, and perhaps a second factor.

    Only the hash of its cookie's secret is kept.
    """

    __tablename__ = "staff_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    second_factor_at: Mapped[datetime | None] = mapped_column(Instant)
    """When it was last given; None: the session opens nothing but the way to it."""
    enrols_until: Mapped[datetime | None] = mapped_column(Instant)
    """Until then this session may put a new second factor in the place of the one there is."""
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    """What a passkey is to sign for this session, once."""
    challenge_until: Mapped[datetime | None] = mapped_column(Instant)


class StaffPasskey(Base):
    """A key that a device keeps for somebody; here is its public half."""

    __tablename__ = "staff_passkeys"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    """As the device calls it."""
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """How often the device has signed with it; a copy of it falls behind. 0: it does not count."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class StaffRecoveryCode(Base):
    """A code for once, for who has no app at hand; only its keyed hash is kept."""

    __tablename__ = "staff_recovery_codes"
    __table_args__ = (UniqueConstraint("staff_id", "code_mac"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    code_mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class StaffDevice(Base):
    """A browser that has signed in before: it opens nothing, and its tries have their own count."""

    __tablename__ = "staff_devices"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    wrong_codes: Mapped[int] = mapped_column(server_default="0")
    """In a row; who types too many is a stranger again."""


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
    __table_args__ = (
        UniqueConstraint("number"),
        Index("ix_audit_who_at", "who", "action", "at"),
        # What the console's page looks for, newest first, however long the log is.
        Index("ix_audit_who_number", "who", "number"),
        Index("ix_audit_action_number", "action", "number"),
        Index("ix_audit_at", "at"),
        Index("ix_audit_detail", "detail"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    who: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str | None] = mapped_column(String(500))
    number: Mapped[int] = mapped_column(BigInteger)
    """1, 2, 3 …: without a gap, unlike ids."""
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))
    """Of this row and the mac of the row before it (store/staff/audit_chain)."""


class AuditPruning(Base):
    """Up to which row the audit log was pruned: the trigger lets these go, and no others."""

    __tablename__ = "audit_prunings"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)


class AuditCheck(Base):
    """When the audit log was last checked, and what was found; one row."""

    __tablename__ = "audit_checks"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    rows: Mapped[int] = mapped_column(BigInteger)
    finding: Mapped[str | None] = mapped_column(String(200))
    """The first one, in words; null where the log was whole."""


class StaffRefusal(Base):
    """How often somebody was refused a page in an hour: the log has a row for the first ones."""

    __tablename__ = "staff_refusals"

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True
    )
    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    number: Mapped[int]


class Pause(Base):
    """What rests until somebody lifts it: `letters` or `lists`."""

    __tablename__ = "pauses"

    what: Mapped[str] = mapped_column(String(20), primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant)

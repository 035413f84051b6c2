"""Every table, constraint and index, in one reading."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain import signature as states
from petition.store.db import Base, Id, Instant


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Campaign(Base):
    """The public call. Its words are in campaign_texts."""

    __tablename__ = "campaigns"
    __table_args__ = (_one_of("state", ("draft", "open", "closed")),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    goal: Mapped[int]
    default_language: Mapped[str] = mapped_column(String(10))
    targets: Mapped[str] = mapped_column(Text)
    opens_at: Mapped[datetime | None] = mapped_column(Instant)
    closes_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class ConsentText(Base):
    """The exact wording of one consent question; never changed (a trigger refuses)."""

    __tablename__ = "consent_texts"
    __table_args__ = (UniqueConstraint("campaign_id", "purpose", "language", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(10))
    version: Mapped[int]
    wording: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)


class CampaignText(Base):
    """One version of the call's words in one language; the highest version is on the page."""

    __tablename__ = "campaign_texts"
    __table_args__ = (UniqueConstraint("campaign_id", "language", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    language: Mapped[str] = mapped_column(String(10))
    version: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    sign_text_id: Mapped[int] = mapped_column(ForeignKey("consent_texts.id"))
    updates_text_id: Mapped[int] = mapped_column(ForeignKey("consent_texts.id"))
    visibility_text_id: Mapped[int] = mapped_column(ForeignKey("consent_texts.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)


class Signature(Base):
    """A supporter under a campaign: one per campaign and address, by this unique key."""

    __tablename__ = "signatures"
    __table_args__ = (
        UniqueConstraint("campaign_id", "address_key"),
        _one_of("state", states.STATES),
        {"sqlite_autoincrement": True},  # an id is never given twice: exports name it
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Keyed hash of the canonical address (store/vault.py)."""
    state: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    entry_id: Mapped[int] = mapped_column(Id)
    """The entry that the mailbox confirmed; until then the first one sent in."""
    state_reason: Mapped[str | None] = mapped_column(String(200))


class Entry(Base):
    """One filled-in form, as it was sent in. A signature may have several; one is confirmed."""

    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    signature_id: Mapped[int] = mapped_column(
        ForeignKey("signatures.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(Instant)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Names, address, postcode and comment (store/vault.py)."""
    key_number: Mapped[int]
    """Which key of the ring sealed it."""
    country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(10))
    visibility: Mapped[str] = mapped_column(String(10))
    source: Mapped[str | None] = mapped_column(String(64))
    utm_source: Mapped[str | None] = mapped_column(String(64))
    utm_medium: Mapped[str | None] = mapped_column(String(64))
    utm_campaign: Mapped[str | None] = mapped_column(String(64))


class Consent(Base):
    """One answered question. Rows are added, never changed (a trigger refuses)."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    consent_text_id: Mapped[int] = mapped_column(ForeignKey("consent_texts.id"))
    answer: Mapped[str] = mapped_column(String(10))
    answered_at: Mapped[datetime] = mapped_column(Instant)
    way: Mapped[str] = mapped_column(String(10))


class Letter(Base):
    """One email that we owe a person: a row of the same transaction as its cause (outbox)."""

    __tablename__ = "letters"
    __table_args__ = (
        _one_of("state", ("owed", "sent", "failed", "withheld")),
        Index(
            "ix_letters_owed",
            "due_at",
            postgresql_where=text("state = 'owed'"),
            sqlite_where=text("state = 'owed'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    due_at: Mapped[datetime] = mapped_column(Instant)
    leased_until: Mapped[datetime | None] = mapped_column(Instant)
    leased_by: Mapped[str | None] = mapped_column(String(64))
    admitted: Mapped[bool] = mapped_column(default=False)
    """True once the mailbox's limit was charged for it, so that a second try is free."""
    attempts: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    last_error: Mapped[str | None] = mapped_column(String(200))
    """The server's status code and our word for it; never its text, which may name the address."""


class Mailbox(Base):
    """How often one mailbox was written to, over all campaigns."""

    __tablename__ = "mailboxes"

    address_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    last_1_at: Mapped[datetime | None] = mapped_column(Instant)
    last_2_at: Mapped[datetime | None] = mapped_column(Instant)
    last_3_at: Mapped[datetime | None] = mapped_column(Instant)
    letters: Mapped[int] = mapped_column(default=0)
    confirmed: Mapped[bool] = mapped_column(default=False)


class MailProvider(Base):
    """A provider that delivers several spellings into one mailbox; staff may edit these rows."""

    __tablename__ = "mail_providers"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    same_as: Mapped[str | None] = mapped_column(String(253))
    ignores_dots: Mapped[bool]
    ignores_tags: Mapped[bool]


class CountChange(Base):
    """A confirmed signature more (+1) or less (-1), waiting to be folded into the totals."""

    __tablename__ = "count_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    day: Mapped[date] = mapped_column(Date)
    country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(String(64))
    change: Mapped[int]


class Count(Base):
    """Confirmed signatures by one dimension; dimension `total` has the one value ``."""

    __tablename__ = "counts"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[str] = mapped_column(String(64), primary_key=True)
    confirmed: Mapped[int]


class Fold(Base):
    """When the totals of a campaign were last brought up to date."""

    __tablename__ = "folds"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    folded_at: Mapped[datetime] = mapped_column(Instant)


class Export(Base):
    """The ledger: one row for each file of signatures that staff took out."""

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    by: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(500))
    filters: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(String(10))
    started_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    """None when the file was cut off on its way: then it is not whole."""
    rows: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))


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

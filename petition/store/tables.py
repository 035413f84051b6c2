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
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    """When staff closed it; None while it is open."""
    retention_months: Mapped[int] = mapped_column(server_default="12")
    """For how long after closing its signatures are kept."""
    created_at: Mapped[datetime] = mapped_column(Instant)


class TargetDomain(Base):
    """A mail domain that the target runs: no letter goes there. Staff may edit these rows."""

    __tablename__ = "target_domains"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    pattern: Mapped[str] = mapped_column(String(253), primary_key=True)
    """A domain with all below it; `amazon.*` is that name under every ending."""
    active: Mapped[bool]
    """False when staff took it off: loading the campaign's files does not bring it back."""


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
        Index(
            "ix_signatures_pending",
            "created_at",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
        Index(
            "ix_signatures_withdrawn",
            "campaign_id",
            "id",
            postgresql_where=text("state = 'withdrawn'"),
            sqlite_where=text("state = 'withdrawn'"),
        ),
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
    reminded_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the one reminder became owed."""
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    unsubscribed_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since then only letters that the supporter asked for."""


class Entry(Base):
    """One filled-in form, as it was sent in. A signature may have several; one is confirmed."""

    __tablename__ = "entries"
    __table_args__ = (
        Index(
            "ix_entries_public",
            "signature_id",
            postgresql_where=text("visibility = 'public'"),
            sqlite_where=text("visibility = 'public'"),
        ),
    )

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
    updates: Mapped[str] = mapped_column(String(3), server_default="no")
    """The answers as they are now; each answer ever given is a row of consents."""
    updates_at: Mapped[datetime | None] = mapped_column(Instant)
    """When that one was changed on the supporter's own page; None while the form's stands."""
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
        # No number is given twice: a mailbox drops a letter whose Message-ID it has seen before.
        {"sqlite_autoincrement": True},
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


class ExportPage(Base):
    """Which signatures a page of an export held, as a bit for each id from the first on."""

    __tablename__ = "export_pages"

    export_id: Mapped[int] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    first_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(Id)
    bits: Mapped[bytes] = mapped_column(LargeBinary)


class Erasure(Base):
    """A signature that is gone, by its number alone: exports that hold it must let it go."""

    __tablename__ = "erasures"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    signature_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    erased_at: Mapped[datetime] = mapped_column(Instant)


class Block(Base):
    """An address whose owner said: this was not me. No letter of this campaign goes there."""

    __tablename__ = "blocks"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    blocked_at: Mapped[datetime] = mapped_column(Instant)


class LinkRequest(Base):
    """Somebody typed an address and asked for a letter; the worker sees whether one is due."""

    __tablename__ = "link_requests"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    kind: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)


class CodeTry(Base):
    """How often a code was typed for an address, known or not, since a day began for it."""

    __tablename__ = "code_tries"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant)
    tries: Mapped[int]


class Review(Base):
    """What staff decided about one public name and comment."""

    __tablename__ = "reviews"
    __table_args__ = (
        _one_of("verdict", ("shown", "name_only", "refused")),
        Index("ix_reviews_campaign_id_id", "campaign_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id", ondelete="CASCADE"), unique=True)
    verdict: Mapped[str] = mapped_column(String(10))
    by: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(Instant)


class Job(Base):
    """Work that the worker does from time to time: when it last ran and runs next."""

    __tablename__ = "jobs"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    last_at: Mapped[datetime | None] = mapped_column(Instant)
    next_at: Mapped[datetime] = mapped_column(Instant)


class Snapshot(Base):
    """Figures for public pages as they were at one moment; they do not move in between."""

    __tablename__ = "snapshots"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    figures: Mapped[str] = mapped_column(Text)
    """JSON: a name to a number."""


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

"""Signatures, entries, consents, and which spellings of an address are one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain.signatures import states
from petition.domain.signatures.hold_reasons import HoldReason
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_of


class Signature(Base):
    """A supporter under a campaign: one per campaign and address, by this unique key."""

    __tablename__ = "signatures"
    __table_args__ = (
        UniqueConstraint("campaign_id", "address_key"),
        one_of("state", states.KEPT),
        one_of("hold_reason", tuple(HoldReason)),
        one_of("withdrawn_from", states.WITHDRAWABLE),
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
        Index(
            "ix_signatures_rejected",
            "campaign_id",
            "id",
            postgresql_where=text("state = 'rejected'"),
            sqlite_where=text("state = 'rejected'"),
        ),
        # What a program reads by the API: in the order of their confirmation. It goes by the time
        # alone: one of the state is what SQLite would read whole for the names that wait.
        Index(
            "ix_signatures_confirmed",
            "campaign_id",
            "confirmed_at",
            "id",
            postgresql_where=text("confirmed_at IS NOT NULL"),
            sqlite_where=text("confirmed_at IS NOT NULL"),
        ),
        # Staff's list of a campaign: by state, in the order of the forms.
        Index("ix_signatures_campaign_id_state_entry_id", "campaign_id", "state", "entry_id"),
        Index(
            "ix_signatures_mailbox_key",
            "mailbox_key",
            postgresql_where=text("mailbox_key IS NOT NULL"),
            sqlite_where=text("mailbox_key IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},  # an id is never given twice: exports name it
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Keyed hash of the canonical address (store/vault/vault.py)."""
    mailbox_key: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """The same of the mailbox behind it, what limits letters; None where it is the address."""
    keyed_by: Mapped[str | None] = mapped_column(String(16))
    """Fingerprint of the provider table that both were made with; None before it was kept."""
    state: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    entry_id: Mapped[int] = mapped_column(Id)
    """The entry that the mailbox confirmed; until then the first one sent in."""
    state_reason: Mapped[str | None] = mapped_column(String(200))
    """What staff wrote about its last move: on a release, and before they chose from a list."""
    hold_reason: Mapped[str | None] = mapped_column(String(20))
    """Why staff hold or rejected it; None where they do not, or wrote words of their own."""
    moved_at: Mapped[datetime | None] = mapped_column(Instant)
    """When staff moved it last; None also where no log says so any more."""
    reminded_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the one reminder became owed."""
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_from: Mapped[str | None] = mapped_column(String(10))
    """The state that undoing the withdrawal leads back to."""
    unsubscribed_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since then only letters that the supporter asked for."""


class Entry(Base):
    """One filled-in form, as it was sent in. A signature may have several; one is confirmed."""

    __tablename__ = "entries"
    __table_args__ = (
        # Names that staff have not decided about: found without those that they have.
        Index(
            "ix_entries_waiting",
            "signature_id",
            postgresql_where=text("visibility = 'public' AND NOT reviewed"),
            sqlite_where=text("visibility = 'public' AND reviewed = 0"),
        ),
        Index("ix_entries_country_id", "country", "id"),
        Index(
            "ix_entries_source_id",
            "source",
            "id",
            postgresql_where=text("source IS NOT NULL"),
            sqlite_where=text("source IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    signature_id: Mapped[int] = mapped_column(
        ForeignKey("signatures.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(Instant)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Names, address, postcode and comment (store/vault/vault.py)."""
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
    reviewed: Mapped[bool] = mapped_column(server_default=false())
    """Whether staff have decided about its name: there is a row of reviews."""
    signs: Mapped[bool] = mapped_column(server_default=true())
    """False where the form was to write to the targets and not to sign."""
    partner: Mapped[str | None] = mapped_column(String(16))
    """The key of the partner on whose site the form stood; None on a page of our own."""


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


class MailProvider(Base):
    """A provider that delivers several spellings into one mailbox; staff may edit these rows."""

    __tablename__ = "mail_providers"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    same_as: Mapped[str | None] = mapped_column(String(253))
    ignores_dots: Mapped[bool]
    ignores_tags: Mapped[bool]
    ignores_marks: Mapped[bool] = mapped_column(server_default=false())
    """Hyphens and underscores are as if they were not there."""
    dots_as_hyphens: Mapped[bool] = mapped_column(server_default=false())
    takes_subdomains: Mapped[bool] = mapped_column(server_default=false())
    """anything@name.domain is delivered to name@domain."""


class MergedSignature(Base):
    """A signature that became one with another: links in letters name the one that is gone."""

    __tablename__ = "merged_signatures"

    gone_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    signature_id: Mapped[int] = mapped_column(
        ForeignKey("signatures.id", ondelete="CASCADE"), index=True
    )
    merged_at: Mapped[datetime] = mapped_column(Instant)


class FormerKey(Base):
    """What stood for an address before the provider table changed: links in letters name it."""

    __tablename__ = "former_keys"

    former_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True, index=True)

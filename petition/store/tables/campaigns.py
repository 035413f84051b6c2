"""Campaigns, their texts and the target's mail domains."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain.campaigns import campaign
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_of


class Campaign(Base):
    """The public call. Its words are in campaign_texts."""

    __tablename__ = "campaigns"
    __table_args__ = (one_of("state", campaign.STATES),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    goal: Mapped[int]
    default_language: Mapped[str] = mapped_column(String(10))
    targets: Mapped[str] = mapped_column(Text)
    presentation: Mapped[str] = mapped_column(Text, server_default="{}")
    """A Presentation as JSON."""
    opens_at: Mapped[datetime | None] = mapped_column(Instant)
    closes_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    """When staff closed it; None while it is open."""
    retention_months: Mapped[int] = mapped_column(server_default="12")
    """For how long after closing its signatures are kept."""
    created_at: Mapped[datetime] = mapped_column(Instant)


class CampaignEdit(Base):
    """What of a campaign staff loaded themselves: files that are shipped leave it alone."""

    __tablename__ = "campaign_edits"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    item: Mapped[str] = mapped_column(String(40), primary_key=True)
    """`goal`, `words:de` and the like; `*` for all of it, where nobody knows."""


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
    created_at: Mapped[datetime] = mapped_column(Instant)


class CampaignQuestion(Base):
    """One question that the form of one version of the call asks, in the order of their ids."""

    __tablename__ = "campaign_questions"
    __table_args__ = (UniqueConstraint("campaign_text_id", "purpose"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_text_id: Mapped[int] = mapped_column(ForeignKey("campaign_texts.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    consent_text_id: Mapped[int] = mapped_column(ForeignKey("consent_texts.id"))
    required: Mapped[bool]
    """True when nobody signs without answering it."""

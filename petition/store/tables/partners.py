"""Partners, who show a campaign's form on their own sites, and who said yes to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain.partners.disclosures import Way
from petition.domain.partners.partner import PartnerEventKind, PartnerState
from petition.domain.partners.refused_form import KeyFault
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_of


class Partner(Base):
    """An organisation whose sites may show the form of one campaign; never deleted."""

    __tablename__ = "partners"
    __table_args__ = (one_of("state", tuple(PartnerState)),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    key: Mapped[str] = mapped_column(String(16), unique=True)
    """What its pages name it by, and what its signatures are kept under."""
    name: Mapped[str] = mapped_column(String(100))
    origins: Mapped[str] = mapped_column(Text)
    """JSON: the origins of its sites, as browsers write them."""
    state: Mapped[str] = mapped_column(String(10))
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[datetime] = mapped_column(Instant)
    last_sequence: Mapped[int] = mapped_column(Id, server_default="0")
    """The number of its newest event."""


class PartnerTerms(Base):
    """One version of what the arrangement with a partner is made of; the newest one holds."""

    __tablename__ = "partner_terms"
    __table_args__ = (UniqueConstraint("partner_id", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    version: Mapped[int]
    controller: Mapped[str] = mapped_column(String(200))
    """Who answers for what the partner does with its people's data, as law names it."""
    privacy_url: Mapped[str] = mapped_column(String(500))
    """Its own privacy notice."""
    contact_email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(10))
    """In which we write to it."""
    retention_months: Mapped[int]
    """For how long after somebody's yes it may keep them."""
    words_version: Mapped[int]
    """Which version of our own words the arrangement is written in."""
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[datetime] = mapped_column(Instant)
    accepted_by: Mapped[str | None] = mapped_column(String(100))
    """The name that the partner's person typed; None until they did."""
    accepted_at: Mapped[datetime | None] = mapped_column(Instant)
    recipient: Mapped[str | None] = mapped_column(Text)
    """The public key that they gave with it: the partner's lists are encrypted to this one."""


class PartnerQuestion(Base):
    """One version of a partner's own question in one language; the highest one is asked."""

    __tablename__ = "partner_questions"
    __table_args__ = (UniqueConstraint("partner_id", "language", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    language: Mapped[str] = mapped_column(String(10))
    version: Mapped[int]
    consent_text_id: Mapped[int | None] = mapped_column(ForeignKey("consent_texts.id"), index=True)
    """None: from this version on it is not asked in this language."""
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[datetime] = mapped_column(Instant)


class PartnerOptIn(Base):
    """Somebody who said yes to a partner and confirmed their address: as it stands now."""

    __tablename__ = "partner_opt_ins"
    __table_args__ = (Index("ix_partner_opt_ins_partner_id_sequence", "partner_id", "sequence"),)

    signature_id: Mapped[int] = mapped_column(
        ForeignKey("signatures.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    consent_text_id: Mapped[int] = mapped_column(ForeignKey("consent_texts.id"))
    """The very words of the question."""
    answered_at: Mapped[datetime] = mapped_column(Instant)
    sequence: Mapped[int] = mapped_column(Id)
    """The number of the event by which the partner learns of it."""


class PartnerDisclosure(Base):
    """That a partner's programs were told of somebody; lists are in the ledger."""

    __tablename__ = "partner_disclosures"
    __table_args__ = (one_of("way", tuple(Way)),)

    signature_id: Mapped[int] = mapped_column(
        ForeignKey("signatures.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    way: Mapped[str] = mapped_column(String(10), primary_key=True)
    first_at: Mapped[datetime] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)
    is_certain: Mapped[bool] = mapped_column(server_default=true())
    """False where a message was sent and no answer came: the program may have it."""


class PartnerEvent(Base):
    """What a partner has to learn of one of its people, numbered in the order of the commits.

    Of who was erased nothing but that is left.
    """

    __tablename__ = "partner_events"
    __table_args__ = (
        one_of("kind", tuple(PartnerEventKind)),
        UniqueConstraint("partner_id", "sequence"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    sequence: Mapped[int] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(10))
    signature_id: Mapped[int] = mapped_column(Id, index=True)
    """Also of one that is gone: what the partner knows it by is made from this number."""
    at: Mapped[datetime] = mapped_column(Instant)


class PartnerLink(Base):
    """The link to a partner's own page, one at a time; only the hash of its token is kept."""

    __tablename__ = "partner_links"

    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class PartnerSection(Base):
    """A branch of a partner, counted by the tag of its link."""

    __tablename__ = "partner_sections"
    __table_args__ = (UniqueConstraint("partner_id", "name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    name: Mapped[str] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(64), unique=True)
    """The tag: `source` of the signatures that came by it."""
    made_by: Mapped[str] = mapped_column(String(254))
    """Whose account; empty where the partner made it on its own page."""
    made_at: Mapped[datetime] = mapped_column(Instant)


class RefusedForm(Base):
    """How often a site asked for a campaign's form, or sent one, with a key that does not work."""

    __tablename__ = "refused_forms"
    __table_args__ = (one_of("reason", tuple(KeyFault)),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    partner_key: Mapped[str] = mapped_column(String(16), primary_key=True)
    """Of the partner; empty for a key that is nobody's."""
    site: Mapped[str] = mapped_column(String(253), primary_key=True)
    """The host of the page around the form; empty where no browser named one."""
    reason: Mapped[str] = mapped_column(String(20))
    """Why the key did not work the last time."""
    number: Mapped[int]
    last_hour: Mapped[datetime] = mapped_column(Instant)
    """The hour in which it was asked for last."""

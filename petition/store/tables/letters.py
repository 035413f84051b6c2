"""The outbox, its limits, and what was asked for with an address alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain.letters import letter
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_is_set, one_of


class Letter(Base):
    """One email that we owe a person: a row of the same transaction as its cause (outbox)."""

    __tablename__ = "letters"
    __table_args__ = (
        one_of("state", letter.STATES),
        one_is_set("recipient", ("entry_id", "staff_id", "partner_id", "message_id", "reply_id")),
        Index(
            "ix_letters_owed",
            "due_at",
            postgresql_where=text("state = 'owed'"),
            sqlite_where=text("state = 'owed'"),
        ),
        Index(
            "ix_letters_staff_id",
            "staff_id",
            postgresql_where=text("staff_id IS NOT NULL"),
            sqlite_where=text("staff_id IS NOT NULL"),
        ),
        Index(
            "ix_letters_partner_id",
            "partner_id",
            postgresql_where=text("partner_id IS NOT NULL"),
            sqlite_where=text("partner_id IS NOT NULL"),
        ),
        Index(
            "ix_letters_message_id",
            "message_id",
            postgresql_where=text("message_id IS NOT NULL"),
            sqlite_where=text("message_id IS NOT NULL"),
        ),
        Index(
            "ix_letters_reply_id",
            "reply_id",
            postgresql_where=text("reply_id IS NOT NULL"),
            sqlite_where=text("reply_id IS NOT NULL"),
        ),
        # No number is given twice: a mailbox drops a letter whose Message-ID it has seen before.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # Exactly one of these is set: to whom the letter goes, and with whom it goes away.
    entry_id: Mapped[int | None] = mapped_column(
        ForeignKey("entries.id", ondelete="CASCADE"), index=True
    )
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id", ondelete="CASCADE"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    reply_id: Mapped[int | None] = mapped_column(ForeignKey("replies.id", ondelete="CASCADE"))
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
    """How often one mailbox was written to, over all campaigns.

    Its key is the mailbox's: of an address with a `+tag`, the key of the address without it.
    """

    __tablename__ = "mailboxes"

    address_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    last_1_at: Mapped[datetime | None] = mapped_column(Instant)
    last_2_at: Mapped[datetime | None] = mapped_column(Instant)
    last_3_at: Mapped[datetime | None] = mapped_column(Instant)
    letters: Mapped[int] = mapped_column(default=0)
    confirmed: Mapped[bool] = mapped_column(default=False)
    gone_at: Mapped[datetime | None] = mapped_column(Instant)
    """When a server first said that nobody has it."""
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)
    """When one said so again, a day or more later: no letter goes there any more."""


class LetterMinute(Base):
    """How many letters to mailboxes that never confirmed were begun in one minute."""

    __tablename__ = "letter_minutes"

    minute: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    letters: Mapped[int]


class MailRelay(Base):
    """How the mail server takes our letters: one row, for all workers."""

    __tablename__ = "mail_relay"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    refusals: Mapped[int]
    """In a row, and none that was about one mailbox."""
    held_since: Mapped[datetime | None] = mapped_column(Instant)
    next_try_at: Mapped[datetime | None] = mapped_column(Instant)
    tries: Mapped[int]
    away_since: Mapped[datetime | None] = mapped_column(Instant)
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
    """When it last took a letter, to the minute."""
    reason: Mapped[str | None] = mapped_column(String(100))
    """The server's status code; never its text."""


class LinkRequest(Base):
    """Somebody typed an address and asked for a letter; the worker sees whether one is due."""

    __tablename__ = "link_requests"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    kind: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the sender's turn comes; the letter is not owed before. None: at once."""


class CodeTry(Base):
    """How often a code was typed for an address, known or not, since a day began for it."""

    __tablename__ = "code_tries"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant)
    tries: Mapped[int]

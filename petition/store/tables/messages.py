"""Messages of supporters to targets, the targets, and how many went to each."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain.messages import message, targets
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_of

_TAKEN = "state <> 'waiting' AND state <> 'cancelled' AND NOT is_answer"
_TAKEN_IN_SQLITE = _TAKEN.replace("NOT is_answer", "is_answer = 0")
_TO_ASK = "state = 'sent' AND asked_at IS NULL"
_SAID = "outcome IS NOT NULL"


class MessageTarget(Base):
    """Whom a campaign's supporters write to: as its files say, with what staff and pacing need."""

    __tablename__ = "message_targets"
    __table_args__ = (UniqueConstraint("campaign_id", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    key: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254))
    country: Mapped[str] = mapped_column(String(2))
    """Empty where it is no office of one country."""
    time_zone: Mapped[str] = mapped_column(String(64))
    an_hour: Mapped[int]
    """At most so many messages go to it in an hour."""
    a_day: Mapped[int]
    """The same for a day, of UTC."""
    mode: Mapped[str] = mapped_column(String(10), server_default="single")
    """Whether messages go to it one by one or in a digest (domain/messages/digest.py)."""
    language: Mapped[str] = mapped_column(String(10), server_default="")
    """In which it is written to by us; empty: the campaign's default."""
    paused_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since when staff let nothing go to it; None while messages go."""
    retired_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since when nobody can write to it: the files name it no more, or staff say so (left_as)."""
    left_as: Mapped[str | None] = mapped_column(String(10))
    """What staff said of it (domain/messages/targets.Leaving); loading files leaves it so."""
    replaced_by: Mapped[str | None] = mapped_column(String(64))
    """The key of the one that takes its place."""
    stopped_at: Mapped[datetime | None] = mapped_column(Instant)
    """What was written until then goes to it no more: staff said so when it agreed."""
    caps_set_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since when its caps are what staff say, and not the files."""


class Message(Base):
    """One message of a supporter to one target."""

    __tablename__ = "messages"
    __table_args__ = (
        one_of("state", message.STATES),
        one_of("shown_as", message.SHOWN_AS),
        # One for each supporter and target in a wave, of those that were confirmed.
        Index(
            "uq_messages_taken",
            "signature_id",
            "target_id",
            "wave",
            unique=True,
            postgresql_where=text(_TAKEN),
            sqlite_where=text(_TAKEN_IN_SQLITE),
        ),
        Index("ix_messages_target_id_state", "target_id", "state"),
        Index(
            "ix_messages_digest_id",
            "digest_id",
            postgresql_where=text("digest_id IS NOT NULL"),
            sqlite_where=text("digest_id IS NOT NULL"),
        ),
        Index(
            "ix_messages_outcome",
            "target_id",
            "outcome",
            postgresql_where=text(_SAID),
            sqlite_where=text(_SAID),
        ),
        Index(
            "ix_messages_to_ask",
            "finished_at",
            postgresql_where=text(_TO_ASK),
            sqlite_where=text(_TO_ASK),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    signature_id: Mapped[int] = mapped_column(
        ForeignKey("signatures.id", ondelete="CASCADE"), index=True
    )
    entry_id: Mapped[int | None] = mapped_column(
        ForeignKey("entries.id", ondelete="CASCADE"), index=True
    )
    """The form that it came with, while it waits: it goes with that. None once it is confirmed."""
    target_id: Mapped[int] = mapped_column(ForeignKey("message_targets.id"))
    wave: Mapped[int]
    text_id: Mapped[int] = mapped_column(ForeignKey("campaign_texts.id"))
    """The words of the call, and in them the variant, that its writer began with."""
    variant: Mapped[int]
    shown_as: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sender's name, subject and text (store/vault/vault.py); None once they are deleted."""
    key_number: Mapped[int | None]
    composed_at: Mapped[datetime] = mapped_column(Instant)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    apart: Mapped[bool] = mapped_column(server_default=false())
    """Its writer did not sign with it: what becomes of a signature of theirs does not stop it."""
    digest_id: Mapped[int | None] = mapped_column(Id)
    """The digest that it went in, or is being handed over with."""
    paced: Mapped[bool] = mapped_column(default=False)
    """True once it was given a time within the target's hours."""
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    """When it was sent, refused, parked or cancelled."""
    bounced_at: Mapped[datetime | None] = mapped_column(Instant)
    """When it came back, after it had been sent."""
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since when its writer wants no answers to it."""
    is_answer: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True of what answers a target's reply: no part of a wave, and not counted."""
    wants_answer: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Its writer asked to be told by email if the target answers."""
    asked_at: Mapped[datetime | None] = mapped_column(Instant)
    """When its writer was asked whether an answer came."""
    outcome: Mapped[str | None] = mapped_column(String(12))
    """What they said (domain/messages/targets.Outcome)."""


class Reply(Base):
    """What a target answered to a message: its subject and plain text, sealed."""

    __tablename__ = "replies"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None once it is deleted."""
    key_number: Mapped[int | None]
    received_at: Mapped[datetime] = mapped_column(Instant)


class MessageAnswer(Base):
    """A message that answers a reply; each reply is answered once."""

    __tablename__ = "message_answers"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    reply_id: Mapped[int] = mapped_column(ForeignKey("replies.id", ondelete="CASCADE"), unique=True)


class TargetStand(Base):
    """What a target did, with day and proof; a further row says what it did next."""

    __tablename__ = "target_stands"
    __table_args__ = (one_of("stand", targets.STANDS),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("message_targets.id"), index=True)
    stand: Mapped[str] = mapped_column(String(10))
    day: Mapped[date] = mapped_column(Date)
    link: Mapped[str] = mapped_column(String(500))
    note: Mapped[str] = mapped_column(String(300))
    noted_at: Mapped[datetime] = mapped_column(Instant)


class TargetAnswer(Base):
    """What a target answered to all who wrote, as staff published it, and who is told of it."""

    __tablename__ = "target_answers"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("message_targets.id"), index=True)
    day: Mapped[date] = mapped_column(Date)
    texts: Mapped[str] = mapped_column(Text)
    """JSON: language to text (store/db/stored_json)."""
    published_at: Mapped[datetime] = mapped_column(Instant)
    asked_by: Mapped[str | None] = mapped_column(String(254))
    """Who of staff wants those told who asked to be."""
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since when they are."""
    reached: Mapped[int] = mapped_column(Id, default=0)
    """The last signature that was told: who comes after it is next."""
    told: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None] = mapped_column(Instant)


class AnswerLetter(Base):
    """Which answer of a target a letter brings: the letter goes nowhere once that is taken back."""

    __tablename__ = "answer_letters"

    letter_id: Mapped[int] = mapped_column(
        ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    answer_id: Mapped[int] = mapped_column(
        ForeignKey("target_answers.id", ondelete="CASCADE"), index=True
    )


class MessageTrial(Base):
    """A message that a member of staff sends to themselves, as a target would get it."""

    __tablename__ = "message_trials"

    letter_id: Mapped[int] = mapped_column(
        ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True
    )
    target_id: Mapped[int] = mapped_column(ForeignKey("message_targets.id"))
    text_id: Mapped[int] = mapped_column(ForeignKey("campaign_texts.id"))
    variant: Mapped[int]


class MessageAlsoTo(Base):
    """A further target of a message, which goes to several in one email."""

    __tablename__ = "message_also_to"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    target_id: Mapped[int] = mapped_column(
        ForeignKey("message_targets.id"), primary_key=True, index=True
    )


class MessageRefusal(Base):
    """A target whose mail server did not take a message that others got in the same email."""

    __tablename__ = "message_refusals"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    target_id: Mapped[int] = mapped_column(
        ForeignKey("message_targets.id"), primary_key=True, index=True
    )
    refused_at: Mapped[datetime] = mapped_column(Instant)


class MessageDeferral(Base):
    """A target whose mail server said "not now" to a message that others got in the same email.

    It is tried again for that target alone, as it was.
    """

    __tablename__ = "message_deferrals"

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    target_id: Mapped[int] = mapped_column(
        ForeignKey("message_targets.id"), primary_key=True, index=True
    )
    written_at: Mapped[datetime] = mapped_column(Instant)
    """What its Date says at each try."""
    recipients: Mapped[str] = mapped_column(Text)
    """The addresses in its To at each try, with a blank between them."""
    begun: Mapped[bool] = mapped_column(default=False)
    """It is being handed over, until somebody knows what became of it."""
    parked_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since when nobody knows whether the target has it: it is not tried again."""


class MessageDigest(Base):
    """One email to a target with many messages in it."""

    __tablename__ = "message_digests"
    __table_args__ = (Index("ix_message_digests_target_id_id", "target_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("message_targets.id"))
    state: Mapped[str] = mapped_column(String(10))
    senders: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)


class MessageHour(Base):
    """How many messages went to a target in one hour: the cap stands here, for all workers."""

    __tablename__ = "message_hours"

    target_id: Mapped[int] = mapped_column(ForeignKey("message_targets.id"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    messages: Mapped[int]


class ProviderHour(Base):
    """The same for a mail provider, which may have the mailboxes of several targets."""

    __tablename__ = "provider_hours"

    provider: Mapped[str] = mapped_column(String(255), primary_key=True)
    hour: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    messages: Mapped[int]


class MessageChange(Base):
    """One step of a message that is to be counted; folded into message_counts."""

    __tablename__ = "message_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    step: Mapped[str] = mapped_column(String(10))
    target: Mapped[str] = mapped_column(String(64))
    country: Mapped[str] = mapped_column(String(2))
    variant: Mapped[str] = mapped_column(String(20))
    partner: Mapped[str] = mapped_column(String(16), server_default="")
    """The key of the partner that its writer signed with; empty where that is none."""
    day: Mapped[date] = mapped_column(Date)


class MessageCount(Base):
    """How many messages came to a step, by one property of theirs."""

    __tablename__ = "message_counts"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    step: Mapped[str] = mapped_column(String(10), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[str] = mapped_column(String(64), primary_key=True)
    messages: Mapped[int]

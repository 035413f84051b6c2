"""Letters about an entry: what is needed to write one, as it stands now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from petition.domain.letters.letter import LetterKind
from petition.domain.messages.target_answer import TargetAnswerText
from petition.store.letters import answer_letters
from petition.store.tables import Campaign, Entry, Letter, Message, Signature


@dataclass(frozen=True, kw_only=True)
class EntryLetter:
    """A letter about an entry, with what is needed to write it."""

    id: int
    kind: str
    entry_id: int
    entered_at: datetime
    """When the form was sent in: its links end seven days later."""
    signature_id: int
    slug: str
    sealed: bytes
    key_number: int
    language: str
    state: str
    mailbox_confirmed: bool
    address_key: bytes
    mailbox_key: bytes
    """What its limits are counted by."""
    block_keys: frozenset[bytes]
    """What its mailbox may have been blocked by."""
    campaign_id: int
    unsubscribed: bool
    has_message: bool
    """A message came with its form, and waits to be confirmed."""
    answer: TargetAnswerText | None
    """Of a letter about a target's answer: what it brings, unless that was taken back."""
    admitted: bool
    attempts: int


def read(session: Session, letter_id: int) -> EntryLetter | None:
    """A claimed letter as it stands now; None when it was erased since.

    Nobody erases it before the commit: who erases waits for its signature.
    """
    session.execute(
        select(Signature.id)
        .join(Entry, Entry.signature_id == Signature.id)
        .join(Letter, Letter.entry_id == Entry.id)
        .where(Letter.id == letter_id)
        .with_for_update(read=True, key_share=True, of=Signature)
    )
    row = session.execute(
        select(
            Letter, Entry, Signature, Campaign.slug, exists().where(Message.entry_id == Entry.id)
        )
        .join(Entry, Entry.id == Letter.entry_id)
        .join(Signature, Signature.id == Entry.signature_id)
        .join(Campaign, Campaign.id == Signature.campaign_id)
        .where(Letter.id == letter_id)
    ).first()
    if row is None:
        return None
    letter, entry, signature, slug, has_message = row
    return EntryLetter(
        id=letter.id,
        kind=letter.kind,
        entry_id=entry.id,
        entered_at=entry.created_at,
        signature_id=signature.id,
        slug=slug,
        sealed=entry.sealed,
        key_number=entry.key_number,
        language=entry.language,
        state=signature.state,
        mailbox_confirmed=signature.confirmed_at is not None,
        address_key=bytes(signature.address_key),
        mailbox_key=bytes(signature.mailbox_key or signature.address_key),
        block_keys=frozenset(
            bytes(key) for key in (signature.mailbox_key, signature.address_key) if key
        ),
        campaign_id=signature.campaign_id,
        unsubscribed=signature.unsubscribed_at is not None,
        has_message=has_message,
        answer=(
            answer_letters.read(session, letter.id, entry.language)
            if letter.kind == LetterKind.TARGET_ANSWER
            else None
        ),
        admitted=letter.admitted,
        attempts=letter.attempts,
    )

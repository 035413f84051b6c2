"""Screening: which letters may go out, and which a mailbox is spared."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from petition.domain.campaigns.target_domains import belongs
from petition.domain.letters.letter import (
    CONFIRMING,
    TARGET_ANSWER,
    UNASKED,
    UNLIMITED,
    letter_to_send,
)
from petition.domain.tokens import CONFIRM_LIFE
from petition.services.vault import address_keys
from petition.store.campaigns import target_domains
from petition.store.db import Session
from petition.store.letters import mailbox_limits, sent_letters
from petition.store.letters.entry_letters import EntryLetter
from petition.store.messages.replies import ReplyLetter
from petition.store.privacy import blocks
from petition.store.signatures import mail_providers, signatures
from petition.store.vault.vault import Vault

SURPLUS: Final = 5_000
"""How many letters are withheld at once."""


def with_current_keys(session: Session, vault: Vault, letter: EntryLetter, to: str) -> EntryLetter:
    """The letter with its mailbox as the provider table reads it today.

    Its signature may have been keyed before the table changed, and wait to be keyed anew.
    """
    keys, block_keys = address_keys.blocking(session, vault, to)
    if keys.mailbox != letter.mailbox_key:
        mailbox_limits.move_mailboxes(session, {letter.mailbox_key: keys.mailbox})
        signatures.set_mailbox(session, letter.signature_id, keys.mailbox)
    return replace(letter, mailbox_key=keys.mailbox, block_keys=letter.block_keys | block_keys)


def may_send(session: Session, letter: EntryLetter, to: str, *, at: datetime) -> str | None:
    """What this letter says (domain/letters/letter), or None when it must not go out.

    A mailbox is charged for it only after everything else allowed it.
    """
    what = letter_to_send(
        letter.kind, letter.state, letter.mailbox_confirmed, has_message=letter.has_message
    )
    if what is None or not _may_go(session, letter, what, to, at=at):
        return None
    return (
        what
        if letter.kind in UNLIMITED or mailbox_limits.charge_mailbox(session, letter, at=at)
        else None
    )


def may_tell_of_reply(session: Session, letter: ReplyLetter, to: str, *, at: datetime) -> bool:
    """Whether a letter about a target's reply goes out: not to who wants none, or is gone."""
    if not to or blocks.is_blocked(session, letter.block_keys):
        return False
    if sent_letters.is_stopped(session, letter.mailbox_key, at=at):
        return False
    domain = to.rpartition("@")[2]
    return not belongs(domain, target_domains.patterns(session, letter.campaign_id))


def withhold_surplus(session: Session, *, at: datetime) -> int:
    """Withhold what no mailbox is to get, many at once, so that others do not wait behind it."""
    keyed_by = mail_providers.table(session).fingerprint
    return mailbox_limits.withhold_surplus(session, at=at, keyed_by=keyed_by, most=SURPLUS)


def _may_go(session: Session, letter: EntryLetter, what: str, to: str, *, at: datetime) -> bool:
    if what in CONFIRMING and at >= letter.entered_at + CONFIRM_LIFE:
        return False
    if letter.kind in UNASKED and letter.unsubscribed:
        return False
    if what == TARGET_ANSWER and letter.answer is None:
        return False  # it was taken back since
    if blocks.is_blocked(session, letter.block_keys):
        return False
    if sent_letters.is_stopped(session, letter.mailbox_key, at=at):
        return False
    return may_write_to(session, letter, to)


def may_write_to(session: Session, letter: EntryLetter, email: str) -> bool:
    """No when the mailbox is the target's own: the list may have grown since the form came in."""
    domain = email.rpartition("@")[2]
    return not belongs(domain, target_domains.patterns(session, letter.campaign_id))

"""Blocks: “This was not me” erases what was entered, and stops letters to the mailbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from petition.domain.signatures.supporter import Person
from petition.errors import SealBroken
from petition.services.privacy.erasure import FORGET, ErasureContext, clean_up, erase
from petition.services.privacy.rights import person
from petition.services.vault import address_keys
from petition.store import jobs
from petition.store.db import Session
from petition.store.letters.entry_letters import EntryLetter
from petition.store.messages import messages
from petition.store.privacy import blocks, erasure
from petition.store.privacy.erasure import Erased
from petition.store.privacy.erasure_journal import (
    BLOCKED,
    EVERY_CAMPAIGN,
    UNBLOCKED,
    JournalEntry,
)
from petition.store.signatures import by_address, rekeying
from petition.store.vault.vault import Vault


@dataclass(frozen=True, kw_only=True)
class StopLink:
    """Whom a link “This was not me” was sent to."""

    campaign_id: int
    """The campaign whose letter it stood in."""
    address_key: bytes
    mailbox_key: bytes

    @property
    def keys(self) -> frozenset[bytes]:
        return frozenset((self.address_key, self.mailbox_key))


def stop(
    session: Session, context: ErasureContext, vault: Vault, link: StopLink, *, at: datetime
) -> list[Erased]:
    """“This was not me”: erase what was entered, and write to the mailbox no more.

    What goes is the signature that the letter was about, and, of the whole mailbox, all that it
    never confirmed. What it confirmed for other campaigns stays.
    """
    keys = by_address.keys_now(session, link.address_key)
    own = by_address.of_link(session, link.campaign_id, keys)
    mailboxes = {
        link.mailbox_key,
        *by_address.mailboxes_of(session, keys),
        *_mailboxes_today(session, vault, own),
    }
    _block(session, context, link, mailboxes, at=at)
    unconfirmed = by_address.unconfirmed_of_mailboxes(session, sorted(mailboxes | set(keys)))
    return _erase_all(session, context, {*own, *unconfirmed}, at=at)


def _mailboxes_today(
    session: Session, vault: Vault, signature_ids: Iterable[int]
) -> Iterator[bytes]:
    """By the addresses themselves: an older link names no mailbox, nor may its signature yet."""
    for id_ in signature_ids:
        form = rekeying.own_form(session, id_)
        email = ""
        with suppress(SealBroken):
            email = person(vault, form).email if form is not None else ""
        if email:
            yield address_keys.blocking(session, vault, email)[0].mailbox


def stop_everywhere(
    session: Session, context: ErasureContext, vault: Vault, link: StopLink, *, at: datetime
) -> list[Erased]:
    """The same, and what this address confirmed for other campaigns goes, too."""
    keys = by_address.keys_now(session, link.address_key)
    confirmed = by_address.of_address_anywhere(session, keys)
    gone = stop(session, context, vault, link, at=at)
    return [*gone, *_erase_all(session, context, set(confirmed), at=at)]


def _block(
    session: Session,
    context: ErasureContext,
    link: StopLink,
    mailboxes: set[bytes],
    *,
    at: datetime,
) -> None:
    for key in sorted(mailboxes):
        context.journal.add(JournalEntry(verb=BLOCKED, slug=EVERY_CAMPAIGN, address_key=key, at=at))
        named = key in link.keys
        blocks.block(session, key, link_key=None if named else link.address_key, at=at)
    jobs.ask(session, FORGET, at=at)


def _erase_all(
    session: Session, context: ErasureContext, signature_ids: set[int], *, at: datetime
) -> list[Erased]:
    gone = (erase(session, context, id_, at=at) for id_ in sorted(signature_ids))
    return [each for each in gone if each is not None]


def void_if_blocked(session: Session, vault: Vault, letter: EntryLetter) -> None:
    """Empty a form that somebody sent in for an address whose owner wants none."""
    if blocks.is_blocked(session, letter.block_keys):
        number = vault.current
        nobody = Person(given_name="", family_name="", email="", postcode="", comment="")
        sealed = vault.seal(nobody, letter.entry_id, number)
        blocks.blank_entry(session, letter.entry_id, sealed=sealed, key_number=number)
        messages.delete_of_entry(session, letter.entry_id)


def is_blocked(session: Session, link: StopLink) -> bool:
    """True when the mailbox's owner said that it was not them."""
    return blocks.is_blocked(session, link.keys)


def unblock(
    session: Session, context: ErasureContext, link: StopLink, *, at: datetime
) -> list[Erased]:
    """The mailbox's owner lets it be written to again; what came in meanwhile goes."""
    lifted = blocks.unblock(session, link.keys)
    for key in lifted:
        context.journal.add(
            JournalEntry(verb=UNBLOCKED, slug=EVERY_CAMPAIGN, address_key=key, at=at)
        )
    if not lifted:
        return []  # pressed twice: what was signed since the first time stays
    keys = sorted({*lifted, *link.keys})
    came = by_address.unconfirmed_of_mailboxes(session, keys)
    # Not into the journal: what is signed anew in this very moment must stay.
    found = (erasure.erase(session, id_, at=at) for id_ in sorted(came))
    gone = [each for each in found if each is not None]
    clean_up(session, context, (id_ for each in gone for id_ in each.letter_ids), at=at)
    return gone

"""Signing: from a well-formed form to a kept signature, and from a click to a confirmed one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from petition.domain.campaigns.campaign import CampaignView
from petition.domain.letters import letter
from petition.domain.letters.recipient import Recipient
from petition.domain.signatures import consent
from petition.domain.signatures.entry_ids import new_entry_id
from petition.domain.signatures.mail_providers import Providers
from petition.domain.signatures.source import Source
from petition.domain.signatures.states import Visibility
from petition.domain.signatures.supporter import Person
from petition.errors import CampaignClosed
from petition.services.abuse.limits import Sender, letter_charge
from petition.services.messages import queueing
from petition.services.vault import address_keys
from petition.store.abuse.senders import Charge
from petition.store.db import Session
from petition.store.letters import mailbox_limits, outbox
from petition.store.letters.outbox import NewLetter
from petition.store.signatures import signatures
from petition.store.signatures.bulk_insert import Answer, NewEntry
from petition.store.signatures.group_commit import GroupCommit
from petition.store.signatures.signatures import Found
from petition.store.vault.vault import Vault

COUNTED: Final = Visibility.COUNTED


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """One form, as a person sent it in. The web checked that what is required is answered."""

    person: Person
    local_part: str
    domain: str
    """The address's two halves, the domain as A-label: what sameness is decided on."""
    country: str
    answers: Mapping[str, str]
    """Purpose to answer, for each question of the form; what was left open is not in it."""
    source: Source
    way: str
    signs: bool = True
    """False where somebody only writes to the targets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A signature that only has to be kept, and what that costs its sender."""

    new_entry: NewEntry
    charge: Charge | None


def sign(
    group_commit: GroupCommit,
    vault: Vault,
    providers: Providers,
    campaign: CampaignView,
    command: Sign,
    *,
    sender: Sender | None,
    at: datetime,
) -> None:
    """Keep the signature and owe its letter; return only once both are committed.

    Whether the address has signed before changes neither the answer nor the work. Raises
    CampaignClosed; TooManyForms or StoreUnavailable when nothing was kept.
    """
    prepared = prepare(vault, providers, campaign, command, sender=sender, at=at)
    group_commit.submit(prepared.new_entry, prepared.charge)


def prepare(
    vault: Vault,
    providers: Providers,
    campaign: CampaignView,
    command: Sign,
    *,
    sender: Sender | None,
    at: datetime,
) -> Prepared:
    """Seal and key it; nothing is kept yet.

    `sender` is who fills the form in, None when that is nobody to limit. Raises CampaignClosed.
    """
    if not campaign.is_open(at):
        raise CampaignClosed
    entry_id = new_entry_id(at)
    key_number = vault.current
    keys = address_keys.of_parts(vault, providers, command.local_part, command.domain)
    answers = command.answers
    return Prepared(
        new_entry=NewEntry(
            campaign_id=campaign.id,
            address_key=keys.address,
            mailbox_key=keys.own_mailbox,
            keyed_by=providers.fingerprint,
            entry_id=entry_id,
            sealed=vault.seal(command.person, entry_id, key_number),
            key_number=key_number,
            country=command.country,
            language=campaign.language,
            visibility=answers[consent.VISIBILITY] if command.signs else COUNTED,
            updates=answers[consent.UPDATES] if command.signs else "no",
            source=command.source,
            answers=tuple(
                Answer(purpose=purpose, consent_text_id=text_id, answer=answers[purpose])
                for purpose, text_id in campaign.consent_text_ids.items()
                if purpose in answers
            ),
            signs=command.signs,
            way=command.way,
            at=at,
        ),
        charge=letter_charge(sender, at=at) if sender is not None else None,
    )


def address_key(vault: Vault, providers: Providers, local_part: str, domain: str) -> bytes:
    """What stands for an address, however it is spelled; `domain` as A-label."""
    return address_keys.of_parts(vault, providers, local_part, domain).address


def confirm(session: Session, entry_id: int, *, at: datetime) -> Found | None:
    """The mailbox's owner confirms, and sends what was written with the form; once or ten times
    the same. None when the entry is gone.
    """
    if signatures.is_signing(session, entry_id):
        mailbox_key = signatures.confirm(session, entry_id, at=at)
    else:
        mailbox_key = signatures.confirm_writer(session, entry_id, at=at)
    if mailbox_key is not None:
        mailbox_limits.note_confirmed(session, mailbox_key)
        mailbox_limits.note_there(session, mailbox_key)
        thanks = NewLetter(kind=letter.THANKS, to=Recipient.entry(entry_id), due_at=at)
        outbox.enqueue(session, [thanks])
    queueing.confirm_of_entry(session, entry_id, at=at)
    return signatures.of_entry(session, entry_id)


def find(session: Session, entry_id: int) -> Found | None:
    """What the link in a letter is about; None when the entry is gone."""
    return signatures.of_entry(session, entry_id)

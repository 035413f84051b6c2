"""Signing: from a well-formed form to a kept signature, and from a click to a confirmed one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from petition.domain import consent, letter
from petition.domain.campaign import CampaignView
from petition.domain.source import Source
from petition.domain.supporter import Person, Provider, canonical_address
from petition.errors import CampaignClosed
from petition.store import asked, outbox, signatures
from petition.store.arrivals import Answer, Arrival
from petition.store.intake import Intake
from petition.store.signatures import Found
from petition.store.vault import Vault, new_entry_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """One form, as a person sent it in. The tick of `agree` was checked at the door."""

    person: Person
    local_part: str
    domain: str
    """The address's two halves, the domain as A-label: what sameness is decided on."""
    country: str
    updates: str
    visibility: str
    source: Source
    way: str


def sign(
    intake: Intake,
    vault: Vault,
    providers: Mapping[str, Provider],
    campaign: CampaignView,
    command: Sign,
    *,
    at: datetime,
) -> None:
    """Keep the signature and owe its letter; return only once both are committed.

    Whether the address has signed before changes neither the answer nor the work. Raises
    CampaignClosed, or StoreUnavailable when nothing was kept.
    """
    if not campaign.is_open(at):
        raise CampaignClosed
    entry_id = new_entry_id(at)
    key_number = vault.current
    texts = campaign.consent_text_ids
    intake.put(
        Arrival(
            campaign_id=campaign.id,
            address_key=address_key(vault, providers, command.local_part, command.domain),
            entry_id=entry_id,
            sealed=vault.seal(command.person, entry_id, key_number),
            key_number=key_number,
            country=command.country,
            language=campaign.language,
            visibility=command.visibility,
            updates=command.updates,
            source=command.source,
            answers=(
                Answer(purpose=consent.SIGN, consent_text_id=texts[consent.SIGN], answer="yes"),
                Answer(
                    purpose=consent.UPDATES,
                    consent_text_id=texts[consent.UPDATES],
                    answer=command.updates,
                ),
                Answer(
                    purpose=consent.VISIBILITY,
                    consent_text_id=texts[consent.VISIBILITY],
                    answer=command.visibility,
                ),
            ),
            way=command.way,
            at=at,
        )
    )


def address_key(
    vault: Vault, providers: Mapping[str, Provider], local_part: str, domain: str
) -> bytes:
    """What stands for an address, however it is spelled; `domain` as A-label."""
    return vault.address_key(canonical_address(local_part, domain, providers))


def confirm(session: Session, entry_id: int, *, at: datetime) -> Found | None:
    """The mailbox's owner confirms; once or ten times the same. None when the entry is gone."""
    address_key = signatures.confirm(session, entry_id, at=at)
    if address_key is not None:
        outbox.note_confirmed(session, address_key)
        asked.owe(session, entry_id, letter.THANKS, at=at)
    return signatures.of_entry(session, entry_id)


def find(session: Session, entry_id: int) -> Found | None:
    """What the link in a letter is about; None when the entry is gone."""
    return signatures.of_entry(session, entry_id)

"""Privacy: what a supporter may see, correct and change, at any time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from petition.domain.messages.message import MessageText
from petition.domain.messages.reply import ReplyText
from petition.domain.signatures import consent
from petition.domain.signatures.supporter import Person
from petition.errors import NotFound
from petition.store.db import Session
from petition.store.messages.messages import MessageRecord
from petition.store.messages.replies import ReplyRecord
from petition.store.privacy import personal_data
from petition.store.privacy.personal_data import EntryRecord, PersonalData
from petition.store.signatures import consents, moderation, signatures
from petition.store.signatures.rekeying import Sealed
from petition.store.vault.vault import Vault


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a supporter may change at any time, with the texts that the page showed."""

    answers: Mapping[str, str]
    """Purpose to answer; what is not in it stays."""
    text_ids: Mapping[str, int]


def find(session: Session, signature_id: int) -> PersonalData:
    """Everything that is held; raises NotFound when it is gone."""
    held = personal_data.held(session, signatures.standing(session, signature_id))
    if held is None:
        raise NotFound
    return held


def correct(
    session: Session, vault: Vault, signature_id: int, details: Mapping[str, str], country: str
) -> bool:
    """Put right what was typed; staff look at a public name and comment again.

    `details` has fields of a person, not the address: what is not in it stays. The figures by
    country follow. True when that changed anything. Raises NotFound.
    """
    row = signatures.lock(session, signature_id)
    if row is None:
        raise NotFound
    known = person(vault, personal_data.sealed(session, row.entry_id))
    right = msgspec.structs.replace(known, **details)
    moved = personal_data.country_of(session, row.entry_id) != country
    if right != known:
        number = vault.current
        sealed = vault.seal(right, row.entry_id, number)
        personal_data.replace_person(session, row.entry_id, sealed, number)
    if moved:
        personal_data.replace_country(session, signature_id, row.entry_id, country)
    if _is_shown(known) != _is_shown(right):
        moderation.delete_review(session, signature_id)
    return moved or right != known


def _is_shown(known: Person) -> tuple[str, str, str]:
    """What everyone reads of a public name, beside the country."""
    return known.given_name, known.family_name, known.comment


def choose(session: Session, signature_id: int, choices: Choices, *, at: datetime) -> None:
    """Change the answers; each change is one more row of the record. Raises NotFound."""
    row = signatures.lock(session, signature_id)
    if row is None:
        raise NotFound
    before = consents.current(session, row.entry_id)
    changed = {p: now for p, now in choices.answers.items() if before.get(p) != now}
    for purpose, answer in changed.items():
        consents.answer(
            session,
            row.entry_id,
            purpose=purpose,
            consent_text_id=choices.text_ids[purpose],
            answer=answer,
            at=at,
            way=consent.MY,
        )
    if consent.VISIBILITY in changed:
        moderation.delete_review(session, signature_id)
    if choices.answers.get(consent.UPDATES) == "yes":
        personal_data.set_unsubscribed(session, signature_id, None)


def leave_partner(session: Session, signature_id: int, *, at: datetime) -> None:
    """The partner on whose site they signed may not write any more. Raises NotFound."""
    if signatures.lock(session, signature_id) is None:
        raise NotFound
    _take_back_from_partner(session, signature_id, consent.MY, at=at)


def _take_back_from_partner(
    session: Session, signature_id: int, way: consent.Channel, *, at: datetime
) -> None:
    """In every form: the one that is confirmed later must not bring the yes back."""
    for entry_id in consents.forms_with_yes(session, signature_id, consent.PARTNER):
        consents.answer(
            session,
            entry_id,
            purpose=consent.PARTNER,
            consent_text_id=consents.shown_text_id(session, entry_id, consent.PARTNER),
            answer="no",
            at=at,
            way=way,
        )


def unsubscribe(session: Session, signature_id: int, *, at: datetime) -> bool:
    """No more letters that were not asked for, and no news; False when it is gone."""
    signature_id = signatures.standing(session, signature_id)
    row = signatures.lock(session, signature_id)
    if row is None:
        return False
    if row.unsubscribed_at is None:
        personal_data.set_unsubscribed(session, signature_id, at)
    _take_back_from_partner(session, signature_id, consent.LETTER, at=at)
    # In every form: the one that is confirmed later must not bring the news back.
    for entry_id in consents.forms_with_updates(session, signature_id):
        consents.answer(
            session,
            entry_id,
            purpose=consent.UPDATES,
            consent_text_id=consents.shown_text_id(session, entry_id, consent.UPDATES),
            answer="no",
            at=at,
            way=consent.LETTER,
        )
    return True


def person(vault: Vault, form: EntryRecord | Sealed) -> Person:
    """What was typed into a form."""
    return vault.open(form.sealed, form.entry_id, form.key_number)


def reply_text(vault: Vault, record: ReplyRecord) -> ReplyText | None:
    """What a target answered; None once it was deleted."""
    if record.sealed is None or record.key_number is None:
        return None
    return vault.open_reply(record.sealed, record.id, record.key_number)


def message_text(vault: Vault, record: MessageRecord) -> MessageText | None:
    """What was written to a target; None once it was deleted."""
    if record.sealed is None or record.key_number is None:
        return None
    return vault.open_message(record.sealed, record.id, record.key_number)

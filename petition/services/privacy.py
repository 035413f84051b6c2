"""Privacy: what a supporter may see, correct, change, take back and erase, at any time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from petition.domain import consent
from petition.domain.supporter import Person
from petition.errors import NotFound
from petition.store import erasing, holdings, jobs, reviews, signatures
from petition.store.erasing import Erased
from petition.store.holdings import Form, Held
from petition.store.journal import BLOCKED, ERASED, UNBLOCKED, Journal, Line
from petition.store.outbox import Owed
from petition.store.vault import Vault

FORGET: Final = "forget"
"""The job that clears freed space of the database after an erasure."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a supporter may change at any time, with the texts that the page showed."""

    updates: str
    visibility: str
    text_ids: Mapping[str, int]


def find(session: Session, signature_id: int) -> Held:
    """Everything that is held; raises NotFound when it is gone."""
    held = holdings.held(session, signature_id)
    if held is None:
        raise NotFound
    return held


def person(vault: Vault, form: Form) -> Person:
    """What was typed into a form."""
    return vault.open(form.sealed, form.entry_id, form.key_number)


def correct(
    session: Session,
    vault: Vault,
    signature_id: int,
    *,
    given_name: str,
    family_name: str,
) -> None:
    """Put a name right. Staff look at it again before it is shown. Raises NotFound."""
    row = holdings.lock(session, signature_id)
    if row is None:
        raise NotFound
    form = holdings.entry(session, row.entry_id)
    known = vault.open(form.sealed, form.id, form.key_number)
    if (known.given_name, known.family_name) == (given_name, family_name):
        return
    right = replace(known, given_name=given_name, family_name=family_name)
    number = vault.current
    holdings.replace_person(session, form.id, vault.seal(right, form.id, number), number)
    reviews.forget(session, signature_id)


def choose(session: Session, signature_id: int, choices: Choices, *, at: datetime) -> None:
    """Change the answers; each change is one more row of the record. Raises NotFound."""
    row = holdings.lock(session, signature_id)
    if row is None:
        raise NotFound
    form = holdings.entry(session, row.entry_id)
    seen_by = form.visibility
    for purpose, before, now in (
        (consent.UPDATES, form.updates, choices.updates),
        (consent.VISIBILITY, seen_by, choices.visibility),
    ):
        if before != now:
            holdings.answer(
                session,
                form.id,
                purpose=purpose,
                consent_text_id=choices.text_ids[purpose],
                answer=now,
                at=at,
                way=consent.MY,
            )
    if seen_by != choices.visibility:
        reviews.forget(session, signature_id)
    if choices.updates == "yes":
        holdings.set_unsubscribed(session, signature_id, None)


def withdraw(session: Session, signature_id: int, *, at: datetime) -> bool:
    """Take the signature back: out of the count, the page and every later list.

    True when that changed anything. The record says when.
    """
    if not signatures.withdraw(session, signature_id, at=at):
        return False
    row = holdings.lock(session, signature_id)
    assert row is not None  # it was just changed, in this transaction
    holdings.answer(
        session,
        row.entry_id,
        purpose=consent.SIGN,
        consent_text_id=holdings.asked(session, row.entry_id, consent.SIGN),
        answer=consent.WITHDRAWN,
        at=at,
        way=consent.MY,
    )
    reviews.forget(session, signature_id)
    return True


def erase(session: Session, journal: Journal, signature_id: int, *, at: datetime) -> Erased | None:
    """Delete every trace; None when there is none. The journal has it before the commit."""
    known = erasing.address_key(session, signature_id)
    if known is None:
        return None
    slug, key = known
    journal.add(Line(verb=ERASED, slug=slug, address_key=key, at=at))
    gone = erasing.erase(session, signature_id, at=at)
    jobs.ask(session, FORGET, at=at)
    return gone


def unsubscribe(session: Session, signature_id: int, *, at: datetime) -> bool:
    """No more letters that were not asked for, and no news; False when it is gone."""
    row = holdings.lock(session, signature_id)
    if row is None:
        return False
    if row.unsubscribed_at is None:
        holdings.set_unsubscribed(session, signature_id, at)
    # In every form: the one that is confirmed later must not bring the news back.
    for entry_id in holdings.forms_with_updates(session, signature_id):
        holdings.answer(
            session,
            entry_id,
            purpose=consent.UPDATES,
            consent_text_id=holdings.asked(session, entry_id, consent.UPDATES),
            answer="no",
            at=at,
            way=consent.LETTER,
        )
    return True


def stop(
    session: Session, journal: Journal, slug: str, campaign_id: int, key: bytes, *, at: datetime
) -> Erased | None:
    """“This was not me”: erase the signature, and take nothing more from the address."""
    journal.add(Line(verb=BLOCKED, slug=slug, address_key=key, at=at))
    erasing.block(session, campaign_id, key, at=at)
    gone = _erase_of(session, campaign_id, key, at=at)
    jobs.ask(session, FORGET, at=at)
    return gone


def _erase_of(session: Session, campaign_id: int, key: bytes, *, at: datetime) -> Erased | None:
    signature_id = erasing.of_address(session, campaign_id, key)
    return erasing.erase(session, signature_id, at=at) if signature_id is not None else None


def void_if_blocked(session: Session, vault: Vault, letter: Owed) -> None:
    """Empty a form that somebody sent in for an address whose owner wants none."""
    if erasing.is_blocked(session, letter.campaign_id, letter.address_key):
        number = vault.current
        nobody = Person(given_name="", family_name="", email="", postcode="", comment="")
        sealed = vault.seal(nobody, letter.entry_id, number)
        erasing.void(session, letter.entry_id, sealed=sealed, key_number=number)


def is_blocked(session: Session, campaign_id: int, key: bytes) -> bool:
    """True when the address's owner said that it was not them."""
    return erasing.is_blocked(session, campaign_id, key)


def unblock(
    session: Session, journal: Journal, slug: str, campaign_id: int, key: bytes, *, at: datetime
) -> Erased | None:
    """The mailbox's owner lets the address sign again; what came in meanwhile goes."""
    journal.add(Line(verb=UNBLOCKED, slug=slug, address_key=key, at=at))
    if not erasing.unblock(session, campaign_id, key):
        return None  # pressed twice: what was signed since the first time stays
    return _erase_of(session, campaign_id, key, at=at)


def document(held: Held, vault: Vault) -> dict[str, Any]:
    """Everything that is held, for the supporter to take along: JSON with ISO 8601 times."""
    return {
        "signature_id": held.signature_id,
        "campaign": held.slug,
        "state": held.state,
        "state_reason": held.state_reason,
        "signed_at": _time(held.created_at),
        "confirmed_at": _time(held.confirmed_at),
        "withdrawn_at": _time(held.withdrawn_at),
        "unsubscribed_at": _time(held.unsubscribed_at),
        "reminder_owed_at": _time(held.reminded_at),
        "letters_to_this_mailbox": held.mailbox.letters,
        "last_letters_at": [_time(at) for at in held.mailbox.last_at],
        "mailbox_confirmed": held.mailbox.confirmed,
        "code_tries": _tries(held),
        "forms": [_form(form, vault) for form in held.forms],
        "letters": [
            {
                "kind": letter.kind,
                "state": letter.state,
                "due_at": _time(letter.due_at),
                "finished_at": _time(letter.finished_at),
                "tries": letter.attempts,
                "error": letter.error,
            }
            for letter in held.letters
        ],
        "disclosures": [
            {
                "export": each.export_id,
                "at": _time(each.at),
                "to": "target" if each.for_target else "organiser",
            }
            for each in held.disclosures
        ],
    }


def _tries(held: Held) -> dict[str, Any] | None:
    tries = held.code_tries
    return {"number": tries.number, "since": _time(tries.since)} if tries is not None else None


def _form(form: Form, vault: Vault) -> dict[str, Any]:
    typed = person(vault, form)
    return {
        "sent_at": _time(form.at),
        "signature_stands_on_it": form.is_own,
        "given_name": typed.given_name,
        "family_name": typed.family_name,
        "email": typed.email,
        "postcode": typed.postcode,
        "comment": typed.comment,
        "country": form.country,
        "language": form.language,
        "visibility": form.visibility,
        "updates": form.updates,
        "updates_changed_at": _time(form.updates_at),
        "source": form.source,
        "utm_source": form.utm_source,
        "utm_medium": form.utm_medium,
        "utm_campaign": form.utm_campaign,
        "shown_in_public": form.verdict,
        "reviewed_at": _time(form.reviewed_at),
        "answers": [
            {
                "purpose": given.purpose,
                "answer": given.answer,
                "at": _time(given.at),
                "way": given.way,
                "language": given.language,
                "text": given.wording,
                "text_sha256": given.sha256,
            }
            for given in form.answers
        ],
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None

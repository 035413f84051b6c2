"""The data copy: everything that is held about a supporter, for them to take along."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from petition.domain.signatures import consent
from petition.domain.signatures.supporter import Person
from petition.services.privacy.rights import message_text, person, reply_text
from petition.store.messages.messages import MessageRecord
from petition.store.messages.replies import ReplyRecord
from petition.store.privacy.personal_data import Disclosed, EntryRecord, PersonalData
from petition.store.vault.vault import Vault


class CodeTries(msgspec.Struct, frozen=True, kw_only=True):
    """How often a code was typed."""

    number: int
    since: str | None


class AnswerCopy(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, with the words that it was given to."""

    purpose: str
    answer: str
    at: str | None
    way: str
    language: str
    text: str
    text_sha256: str


class ViewCopy(msgspec.Struct, frozen=True, kw_only=True):
    """One day on which staff of a role read the form."""

    on: str
    role: str


class FormCopy(msgspec.Struct, frozen=True, kw_only=True):
    """One filled-in form."""

    sent_at: str | None
    signature_stands_on_it: bool
    signs: bool
    """False of a form that was to write to the targets alone."""
    typed: Person
    """In the file its fields stand here, as keys like the others."""
    country: str
    language: str
    visibility: str
    updates: str
    updates_changed_at: str | None
    source: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    partner: str | None
    partner_consent: str | None
    """None where no partner asked."""
    partner_consent_at: str | None
    shown_in_public: str | None
    reviewed_at: str | None
    read_by_staff: tuple[ViewCopy, ...]
    answers: tuple[AnswerCopy, ...]


class LetterCopy(msgspec.Struct, frozen=True, kw_only=True):
    """One letter that was owed."""

    kind: str
    state: str
    due_at: str | None
    finished_at: str | None
    tries: int
    error: str | None


class ReplyCopy(msgspec.Struct, frozen=True, kw_only=True):
    """What a target answered."""

    received_at: str | None
    subject: str | None
    """None, as what follows, once the text was deleted."""
    body: str | None
    left_out: tuple[str, ...] | None
    """Kinds and names of what was not passed on."""


class MessageCopy(msgspec.Struct, frozen=True, kw_only=True):
    """One message to a target."""

    target: str
    state: str
    shown_as: str
    language: str
    sender: str | None
    """None, as what follows, once the text was deleted."""
    subject: str | None
    body: str | None
    composed_at: str | None
    confirmed_at: str | None
    finished_at: str | None
    came_back_at: str | None
    closed_at: str | None
    """Since when nothing that is answered to it is passed on."""
    is_answer: bool
    replies: tuple[ReplyCopy, ...]
    wants_answer: bool
    """They asked to be told if the target answers."""
    asked_at: str | None
    outcome: str | None
    """What they said came back."""
    not_taken_by: tuple[str, ...]
    """Of several targets those whose mail server did not take it."""
    waits_for: tuple[str, ...]
    """Those for whom it is tried again."""
    unknown_at: tuple[str, ...]
    """Those of whom nobody knows whether they have it."""


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """One file that the signature left in."""

    export: int
    at: str | None
    to: str
    partner: str | None


class ProgramDisclosure(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's program was told of the signature, or may have been."""

    partner: str
    way: str
    what: tuple[str, ...]
    first_at: str | None
    last_at: str | None
    is_certain: bool
    """False where it was sent and no answer came."""


class UnheardCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's program has not said yet that it heard of a withdrawal."""

    partner: str
    since: str | None


class DataCopy(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is held about a signature.

    As in its parts, the fields are the keys of the file, in their order; times are ISO 8601.
    """

    signature_id: int
    campaign: str
    state: str
    state_reason: str | None
    hold_reason: str | None
    moved_by_staff_at: str | None
    signed_at: str | None
    confirmed_at: str | None
    withdrawn_at: str | None
    withdrawn_from: str | None
    unsubscribed_at: str | None
    reminder_owed_at: str | None
    letters_to_this_mailbox: int
    last_letters_at: tuple[str | None, ...]
    mailbox_confirmed: bool
    mailbox_gone_at: str | None
    """When a mail server first said that nobody has it."""
    letters_stopped_at: str | None
    code_tries: CodeTries | None
    forms: tuple[FormCopy, ...]
    letters: tuple[LetterCopy, ...]
    messages: tuple[MessageCopy, ...]
    disclosures: tuple[Disclosure, ...]
    told_to_partners_programs: tuple[ProgramDisclosure, ...]
    withdrawals_not_acknowledged: tuple[UnheardCopy, ...]


def document(held: PersonalData, vault: Vault) -> DataCopy:
    """Everything that is held, for the supporter to take along."""
    tries = held.code_tries
    return DataCopy(
        signature_id=held.signature_id,
        campaign=held.slug,
        state=held.state,
        state_reason=held.state_reason,
        hold_reason=held.hold_reason,
        moved_by_staff_at=_time(held.moved_at),
        signed_at=_time(held.created_at),
        confirmed_at=_time(held.confirmed_at),
        withdrawn_at=_time(held.withdrawn_at),
        withdrawn_from=held.withdrawn_from,
        unsubscribed_at=_time(held.unsubscribed_at),
        reminder_owed_at=_time(held.reminded_at),
        letters_to_this_mailbox=held.mailbox.letters,
        last_letters_at=tuple(_time(at) for at in held.mailbox.last_at),
        mailbox_confirmed=held.mailbox.confirmed,
        mailbox_gone_at=_time(held.mailbox.gone_at),
        letters_stopped_at=_time(held.mailbox.stopped_at),
        code_tries=CodeTries(number=tries.number, since=_time(tries.since)) if tries else None,
        forms=tuple(_form(form, vault) for form in held.forms),
        letters=_letters(held),
        messages=tuple(_message(each, held, vault) for each in held.messages),
        disclosures=_disclosures(held),
        told_to_partners_programs=tuple(
            ProgramDisclosure(
                partner=each.partner,
                way=each.way,
                what=each.way.columns,
                first_at=_time(each.first_at),
                last_at=_time(each.last_at),
                is_certain=each.is_certain,
            )
            for each in held.told
        ),
        withdrawals_not_acknowledged=tuple(
            UnheardCopy(partner=each.partner, since=_time(each.since)) for each in held.unheard
        ),
    )


def as_json(copy: DataCopy) -> str:
    """The copy as a file: one JSON document, indented, in its own letters."""
    keys = msgspec.to_builtins(copy) | {"forms": [_keys(form) for form in copy.forms]}
    return msgspec.json.format(msgspec.json.encode(keys), indent=2).decode() + "\n"


def _keys(form: FormCopy) -> dict[str, Any]:
    """The keys of a form, with what was typed among them."""
    found: dict[str, Any] = {}
    for name, value in msgspec.to_builtins(form).items():
        found |= form.typed.typed() if name == "typed" else {name: value}
    return found


def _letters(held: PersonalData) -> tuple[LetterCopy, ...]:
    return tuple(
        LetterCopy(
            kind=letter.kind,
            state=letter.state,
            due_at=_time(letter.due_at),
            finished_at=_time(letter.finished_at),
            tries=letter.attempts,
            error=letter.error,
        )
        for letter in held.letters
    )


def _message(record: MessageRecord, held: PersonalData, vault: Vault) -> MessageCopy:
    text = message_text(vault, record)
    return MessageCopy(
        target=record.target,
        state=record.state,
        shown_as=record.shown_as,
        language=record.language,
        sender=text.sender if text else None,
        subject=text.subject if text else None,
        body=text.body if text else None,
        composed_at=_time(record.composed_at),
        confirmed_at=_time(record.confirmed_at),
        finished_at=_time(record.finished_at),
        came_back_at=_time(record.bounced_at),
        closed_at=_time(record.closed_at),
        is_answer=record.is_answer,
        replies=tuple(_reply(each, vault) for each in held.replies if each.message_id == record.id),
        wants_answer=record.wants_answer,
        asked_at=_time(record.asked_at),
        outcome=record.outcome,
        not_taken_by=record.refused_by,
        waits_for=record.waits_for,
        unknown_at=record.unknown_at,
    )


def _reply(record: ReplyRecord, vault: Vault) -> ReplyCopy:
    text = reply_text(vault, record)
    return ReplyCopy(
        received_at=_time(record.received_at),
        subject=text.subject if text else None,
        body=text.body if text else None,
        left_out=tuple(f"{each.kind} {each.name}".strip() for each in text.left_out)
        if text
        else None,
    )


def _disclosures(held: PersonalData) -> tuple[Disclosure, ...]:
    return tuple(
        Disclosure(
            export=each.export_id,
            at=_time(each.at),
            to=_receiver(each),
            partner=each.partner,
        )
        for each in held.disclosures
    )


def _receiver(each: Disclosed) -> str:
    if each.partner is not None:
        return "partner"
    return "target" if each.for_target else "organiser"


def _form(form: EntryRecord, vault: Vault) -> FormCopy:
    asked = next((each for each in form.answers[::-1] if each.purpose == consent.PARTNER), None)
    return FormCopy(
        sent_at=_time(form.at),
        signature_stands_on_it=form.is_own,
        signs=form.signs,
        typed=person(vault, form),
        country=form.country,
        language=form.language,
        visibility=form.visibility,
        updates=form.updates,
        updates_changed_at=_time(form.updates_at),
        source=form.source,
        utm_source=form.utm_source,
        utm_medium=form.utm_medium,
        utm_campaign=form.utm_campaign,
        partner=form.partner,
        partner_consent=asked.answer if asked else None,
        partner_consent_at=_time(asked.at) if asked else None,
        shown_in_public=form.verdict,
        reviewed_at=_time(form.reviewed_at),
        read_by_staff=tuple(
            ViewCopy(on=each.on.date().isoformat(), role=each.role) for each in form.views
        ),
        answers=tuple(
            AnswerCopy(
                purpose=given.purpose,
                answer=given.answer,
                at=_time(given.at),
                way=given.way,
                language=given.language,
                text=given.wording,
                text_sha256=given.sha256,
            )
            for given in form.answers
        ),
    )


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None

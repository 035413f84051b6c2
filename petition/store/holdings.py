"""Holdings: everything that is held about one supporter under one campaign, and changing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from petition.domain import consent
from petition.store import disclosures
from petition.store.tables import (
    Campaign,
    CampaignText,
    CodeTry,
    Consent,
    ConsentText,
    Entry,
    Export,
    Letter,
    Mailbox,
    Review,
    Signature,
)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer that was given, with the very text of its question."""

    purpose: str
    answer: str
    at: datetime
    way: str
    language: str
    wording: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Form:
    """One filled-in form; what was typed is still sealed."""

    entry_id: int
    is_own: bool
    """True for the one that the signature stands on."""
    at: datetime
    sealed: bytes
    key_number: int
    country: str
    language: str
    visibility: str
    updates: str
    updates_at: datetime | None
    source: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    answers: tuple[Answered, ...]
    verdict: str | None
    """What staff decided about showing the name and comment; None while they have not."""
    reviewed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Posted:
    """One letter that was owed."""

    kind: str
    state: str
    due_at: datetime
    finished_at: datetime | None
    attempts: int
    error: str | None
    """What the mail server said last, in our words."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How often this mailbox was written to, over all campaigns."""

    letters: int = 0
    last_at: tuple[datetime, ...] = ()
    """The last three, newest first."""
    confirmed: bool = False
    """True once its owner confirmed anything: then the limit for ever no longer holds."""


@dataclass(frozen=True, kw_only=True)
class Tries:
    """How often a code was typed for this address since a day began for it."""

    number: int
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Disclosed:
    """One file that holds this signature."""

    export_id: int
    at: datetime
    for_target: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Held:
    """A signature with all that hangs on it."""

    signature_id: int
    campaign_id: int
    slug: str
    state: str
    state_reason: str | None
    """Why staff moved it there, in their words."""
    created_at: datetime
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    unsubscribed_at: datetime | None
    reminded_at: datetime | None
    mailbox: Counted
    code_tries: Tries | None
    """None when nobody typed a code for this address in the last day."""
    forms: tuple[Form, ...]
    """The one that the signature stands on first."""
    letters: tuple[Posted, ...]
    disclosures: tuple[Disclosed, ...]
    text_id: int
    """The newest words of the call in the signature's language."""

    @property
    def own(self) -> Form:
        return self.forms[0]


def held(session: Session, signature_id: int) -> Held | None:
    """Everything about a signature; None when it is gone."""
    row = session.execute(
        select(Signature, Campaign.slug)
        .join(Campaign, Campaign.id == Signature.campaign_id)
        .where(Signature.id == signature_id)
    ).first()
    if row is None:
        return None
    signature, slug = row
    forms = _forms(session, signature)
    return Held(
        signature_id=signature.id,
        campaign_id=signature.campaign_id,
        slug=slug,
        state=signature.state,
        state_reason=signature.state_reason,
        created_at=signature.created_at,
        confirmed_at=signature.confirmed_at,
        withdrawn_at=signature.withdrawn_at,
        unsubscribed_at=signature.unsubscribed_at,
        reminded_at=signature.reminded_at,
        mailbox=_mailbox(session, signature.address_key),
        code_tries=_tries(session, signature),
        forms=forms,
        letters=_letters(session, signature.id),
        disclosures=tuple(
            _disclosed(export)
            for export in disclosures.holding(session, signature.campaign_id, signature.id)
        ),
        text_id=_newest_text(session, signature.campaign_id, forms[0].language),
    )


def _forms(session: Session, signature: Signature) -> tuple[Form, ...]:
    rows = session.execute(
        select(Entry, Review.verdict, Review.at)
        .outerjoin(Review, Review.entry_id == Entry.id)
        .where(Entry.signature_id == signature.id)
        .order_by(Entry.id)
    ).all()
    forms = [
        Form(
            entry_id=entry.id,
            is_own=entry.id == signature.entry_id,
            at=entry.created_at,
            sealed=entry.sealed,
            key_number=entry.key_number,
            country=entry.country,
            language=entry.language,
            visibility=entry.visibility,
            updates=entry.updates,
            updates_at=entry.updates_at,
            source=entry.source,
            utm_source=entry.utm_source,
            utm_medium=entry.utm_medium,
            utm_campaign=entry.utm_campaign,
            answers=_answers(session, entry.id),
            verdict=verdict,
            reviewed_at=reviewed_at,
        )
        for entry, verdict, reviewed_at in rows
    ]
    return tuple(sorted(forms, key=lambda form: not form.is_own))


def _answers(session: Session, entry_id: int) -> tuple[Answered, ...]:
    rows = session.execute(
        select(Consent, ConsentText)
        .join(ConsentText, ConsentText.id == Consent.consent_text_id)
        .where(Consent.entry_id == entry_id)
        .order_by(Consent.id)
    )
    return tuple(
        Answered(
            purpose=given.purpose,
            answer=given.answer,
            at=given.answered_at,
            way=given.way,
            language=text.language,
            wording=text.wording,
            sha256=text.sha256,
        )
        for given, text in rows
    )


def _letters(session: Session, signature_id: int) -> tuple[Posted, ...]:
    rows = session.scalars(
        select(Letter)
        .join(Entry, Entry.id == Letter.entry_id)
        .where(Entry.signature_id == signature_id)
        .order_by(Letter.id)
    )
    return tuple(
        Posted(
            kind=row.kind,
            state=row.state,
            due_at=row.due_at,
            finished_at=row.finished_at,
            attempts=row.attempts,
            error=row.last_error,
        )
        for row in rows
    )


def _mailbox(session: Session, address_key: bytes) -> Counted:
    row = session.get(Mailbox, address_key)
    if row is None:
        return Counted()
    last = (row.last_1_at, row.last_2_at, row.last_3_at)
    return Counted(
        letters=row.letters,
        last_at=tuple(at for at in last if at is not None),
        confirmed=row.confirmed,
    )


def _tries(session: Session, signature: Signature) -> Tries | None:
    row = session.get(CodeTry, (signature.campaign_id, signature.address_key))
    return Tries(number=row.tries, since=row.since) if row is not None else None


def _disclosed(export: Export) -> Disclosed:
    return Disclosed(
        export_id=export.id,
        at=export.started_at,
        for_target='"for_target": true' in export.filters,
        reason=export.reason,
    )


def _newest_text(session: Session, campaign_id: int, language: str) -> int:
    return session.scalars(
        select(CampaignText.id)
        .where(CampaignText.campaign_id == campaign_id, CampaignText.language == language)
        .order_by(CampaignText.version.desc())
        .limit(1)
    ).one()


# --- changing what is held ------------------------------------------------------------------------


def lock(session: Session, signature_id: int) -> Signature | None:
    """The signature's row, held until the transaction ends; None when it is gone."""
    return session.get(Signature, signature_id, with_for_update=True, populate_existing=True)


def entry(session: Session, entry_id: int) -> Entry:
    """The form that a signature stands on."""
    return session.get_one(Entry, entry_id, populate_existing=True)


def replace_person(session: Session, entry_id: int, sealed: bytes, key_number: int) -> None:
    """The same form with other words in it."""
    session.execute(
        update(Entry).where(Entry.id == entry_id).values(sealed=sealed, key_number=key_number)
    )


def answer(
    session: Session,
    entry_id: int,
    *,
    purpose: str,
    consent_text_id: int,
    answer: str,
    at: datetime,
    way: str,
) -> None:
    """Add an answer to the record, and let it be the one that counts."""
    session.execute(
        insert(Consent).values(
            entry_id=entry_id,
            purpose=purpose,
            consent_text_id=consent_text_id,
            answer=answer,
            answered_at=at,
            way=way,
        )
    )
    now: dict[str, Any] = {}
    if purpose == consent.UPDATES:
        now = {"updates": answer, "updates_at": at}
    elif purpose == consent.VISIBILITY:
        now = {"visibility": answer}
    if now:
        session.execute(update(Entry).where(Entry.id == entry_id).values(**now))


def asked(session: Session, entry_id: int, purpose: str) -> int:
    """The id of the text that the form showed for a question."""
    return session.scalars(
        select(Consent.consent_text_id)
        .where(Consent.entry_id == entry_id, Consent.purpose == purpose)
        .order_by(Consent.id)
        .limit(1)
    ).one()


def forms_with_updates(session: Session, signature_id: int) -> list[int]:
    """The forms of a signature that ask for news."""
    query = select(Entry.id).where(Entry.signature_id == signature_id, Entry.updates == "yes")
    return list(session.scalars(query.order_by(Entry.id)))


def set_unsubscribed(session: Session, signature_id: int, at: datetime | None) -> None:
    """No letter that was not asked for, from then on; None takes it back."""
    session.execute(
        update(Signature).where(Signature.id == signature_id).values(unsubscribed_at=at)
    )


def newest_unconfirmed(session: Session, signature_id: int) -> int | None:
    """The last form sent in that is left to confirm.

    That is not the one that the signature stands on confirmed, and, of who withdrew, none from
    before that.
    """
    return session.scalars(
        select(Entry.id)
        .join(Signature, Signature.id == Entry.signature_id)
        .where(Entry.signature_id == signature_id)
        .where((Signature.confirmed_at.is_(None)) | (Signature.entry_id != Entry.id))
        .where((Signature.withdrawn_at.is_(None)) | (Entry.created_at > Signature.withdrawn_at))
        .order_by(Entry.id.desc())
        .limit(1)
    ).first()

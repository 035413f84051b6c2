"""Personal data: all that is held about one supporter under one campaign, and changing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from petition.domain.signatures import consent, states
from petition.store.counts.changes import note_change
from petition.store.exports import contents
from petition.store.exports.ledger import ExportRecord
from petition.store.messages import messages, replies
from petition.store.messages.messages import MessageRecord
from petition.store.messages.replies import ReplyRecord
from petition.store.partners import disclosures, partners
from petition.store.partners.disclosures import DisclosureRecord
from petition.store.privacy import staff_views
from petition.store.privacy.staff_views import ViewRecord
from petition.store.signatures import consents
from petition.store.signatures.rekeying import Sealed
from petition.store.tables import (
    Campaign,
    CampaignText,
    CodeTry,
    Entry,
    Letter,
    Mailbox,
    MergedSignature,
    Message,
    Partner,
    Reply,
    Review,
    Signature,
)
from petition.store.webhooks import deliveries
from petition.store.webhooks.deliveries import Unheard


@dataclass(frozen=True, kw_only=True)
class EntryRecord:
    """One filled-in form; what was typed is still sealed."""

    entry_id: int
    is_own: bool
    """True for the one that the signature stands on."""
    signs: bool
    """False of one that was to write to the targets alone."""
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
    partner: str | None
    """The name of the partner on whose site the form stood."""
    answers: tuple[consents.Answered, ...]
    verdict: str | None
    """What staff decided about showing the name and comment; None while they have not."""
    reviewed_at: datetime | None
    views: tuple[ViewRecord, ...]
    """On which days staff read it, by their role."""

    @property
    def current(self) -> dict[str, str]:
        """Purpose to the answer that counts now."""
        last = {given.purpose: given.answer for given in self.answers}
        return last | {consent.UPDATES: self.updates, consent.VISIBILITY: self.visibility}


@dataclass(frozen=True, kw_only=True)
class LetterRecord:
    """One letter that was owed."""

    kind: str
    state: str
    due_at: datetime
    finished_at: datetime | None
    attempts: int
    error: str | None
    """What the mail server said last, in our words."""


@dataclass(frozen=True, kw_only=True)
class MailboxUsage:
    """How often this mailbox was written to, over all campaigns."""

    letters: int = 0
    last_at: tuple[datetime, ...] = ()
    """The last three, newest first."""
    confirmed: bool = False
    """True once its owner confirmed anything: then the limit for ever no longer holds."""
    gone_at: datetime | None = None
    """When a mail server first said that nobody has it."""
    stopped_at: datetime | None = None
    """When one said so again: no letter goes there any more."""


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
    partner: str | None
    """The name of the partner whose list it is."""
    by_reference: bool
    """True: it names the signature by a reference of its own, and tells no time."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """A signature with all that hangs on it."""

    signature_id: int
    campaign_id: int
    slug: str
    state: str
    state_reason: str | None
    """What staff wrote about its last move: only the person's own copy shows it."""
    hold_reason: str | None
    """Why staff hold or rejected it, by the list that they choose from."""
    moved_at: datetime | None
    """When staff moved it last."""
    created_at: datetime
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_from: str | None
    """The state that undoing the withdrawal leads back to."""
    unsubscribed_at: datetime | None
    reminded_at: datetime | None
    mailbox: MailboxUsage
    code_tries: Tries | None
    """None when nobody typed a code for this address in the last day."""
    forms: tuple[EntryRecord, ...]
    """The one that the signature stands on first."""
    letters: tuple[LetterRecord, ...]
    messages: tuple[MessageRecord, ...]
    """What was written to targets with this address; the texts are still sealed."""
    replies: tuple[ReplyRecord, ...]
    """What targets answered; still sealed, too."""
    disclosures: tuple[Disclosed, ...]
    told: tuple[DisclosureRecord, ...]
    """What programs of partners were told."""
    unheard: tuple[Unheard, ...]
    """Partners whose programs have not said yet that they heard of a withdrawal."""
    text_id: int
    """The newest words of the call in the signature's language."""

    @property
    def own(self) -> EntryRecord:
        return self.forms[0]


def held(session: Session, signature_id: int) -> PersonalData | None:
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
    numbers = [signature.id, *_merged(session, signature.id)]
    return PersonalData(
        signature_id=signature.id,
        campaign_id=signature.campaign_id,
        slug=slug,
        state=signature.state,
        state_reason=signature.state_reason,
        hold_reason=signature.hold_reason,
        moved_at=signature.moved_at,
        created_at=signature.created_at,
        confirmed_at=signature.confirmed_at,
        withdrawn_at=signature.withdrawn_at,
        withdrawn_from=signature.withdrawn_from,
        unsubscribed_at=signature.unsubscribed_at,
        reminded_at=signature.reminded_at,
        mailbox=_mailbox(session, signature.mailbox_key or signature.address_key),
        code_tries=_tries(session, signature),
        forms=forms,
        letters=_letters(session, signature.id),
        messages=messages.of_signature(session, signature.id),
        replies=replies.of_signature(session, signature.id),
        disclosures=tuple(
            _disclosed(session, export)
            for export in contents.holding(session, signature.campaign_id, numbers)
        ),
        told=disclosures.of_signature(session, signature.id),
        unheard=deliveries.unheard(session, numbers),
        text_id=_newest_text(session, signature.campaign_id, forms[0].language),
    )


def _forms(session: Session, signature: Signature) -> tuple[EntryRecord, ...]:
    rows = session.execute(
        select(Entry, Review.verdict, Review.at, Partner.name)
        .outerjoin(Review, Review.entry_id == Entry.id)
        .outerjoin(Partner, Partner.key == Entry.partner)
        .where(Entry.signature_id == signature.id)
        .order_by(Entry.id)
    ).all()
    views = staff_views.of_entries(session, [entry.id for entry, _, _, _ in rows])
    forms = [
        EntryRecord(
            entry_id=entry.id,
            is_own=entry.id == signature.entry_id,
            signs=entry.signs,
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
            partner=partner,
            answers=consents.answers(session, entry.id),
            verdict=verdict,
            reviewed_at=reviewed_at,
            views=views.get(entry.id, ()),
        )
        for entry, verdict, reviewed_at, partner in rows
    ]
    return tuple(sorted(forms, key=lambda form: not form.is_own))


def _letters(session: Session, signature_id: int) -> tuple[LetterRecord, ...]:
    rows = session.scalars(
        select(Letter)
        .outerjoin(Entry, Entry.id == Letter.entry_id)
        .outerjoin(Reply, Reply.id == Letter.reply_id)
        .outerjoin(Message, Message.id == Reply.message_id)
        .where(or_(Entry.signature_id == signature_id, Message.signature_id == signature_id))
        .order_by(Letter.id)
    )
    return tuple(
        LetterRecord(
            kind=row.kind,
            state=row.state,
            due_at=row.due_at,
            finished_at=row.finished_at,
            attempts=row.attempts,
            error=row.last_error,
        )
        for row in rows
    )


def _mailbox(session: Session, address_key: bytes) -> MailboxUsage:
    row = session.get(Mailbox, address_key)
    if row is None:
        return MailboxUsage()
    last = (row.last_1_at, row.last_2_at, row.last_3_at)
    return MailboxUsage(
        letters=row.letters,
        last_at=tuple(at for at in last if at is not None),
        confirmed=row.confirmed,
        gone_at=row.gone_at,
        stopped_at=row.stopped_at,
    )


def _merged(session: Session, signature_id: int) -> list[int]:
    """The numbers of the signatures that became this one."""
    query = select(MergedSignature.gone_id).where(MergedSignature.signature_id == signature_id)
    return list(session.scalars(query.order_by(MergedSignature.gone_id)))


def _tries(session: Session, signature: Signature) -> Tries | None:
    row = session.get(CodeTry, (signature.campaign_id, signature.address_key))
    return Tries(number=row.tries, since=row.since) if row is not None else None


def _disclosed(session: Session, export: ExportRecord) -> Disclosed:
    of = partners.by_key(session, export.partner) if export.partner is not None else None
    return Disclosed(
        export_id=export.id,
        at=export.started_at,
        for_target=export.for_target,
        partner=of.name if of is not None else export.partner,
        by_reference=export.reference_salt is not None,
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


def sealed(session: Session, entry_id: int) -> Sealed:
    """What was typed into the form that a signature stands on."""
    row = session.get_one(Entry, entry_id, populate_existing=True)
    return Sealed(entry_id=row.id, sealed=row.sealed, key_number=row.key_number)


def replace_person(session: Session, entry_id: int, sealed: bytes, key_number: int) -> None:
    """The same form with other words in it."""
    session.execute(
        update(Entry).where(Entry.id == entry_id).values(sealed=sealed, key_number=key_number)
    )


def country_of(session: Session, entry_id: int) -> str:
    """The country of a form."""
    return session.scalars(select(Entry.country).where(Entry.id == entry_id)).one()


def replace_country(session: Session, signature_id: int, entry_id: int, country: str) -> None:
    """The same form with another country; the totals follow where the signature counts."""
    state = session.scalars(select(Signature.state).where(Signature.id == signature_id)).one()
    if state == states.CONFIRMED:
        note_change(session, signature_id, -1)
    session.execute(
        update(Entry)
        .where(Entry.id == entry_id)
        .values(country=country)
        .execution_options(synchronize_session=False)
    )
    if state == states.CONFIRMED:
        note_change(session, signature_id, +1)


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

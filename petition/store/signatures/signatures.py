"""Signatures: confirming them, moving them between states, and reading them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.dml import ReturningUpdate

from petition.domain.signatures import consent, states
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.states import VISIBILITIES
from petition.store.counts.changes import note_change
from petition.store.db import Instant
from petition.store.partners import opt_ins
from petition.store.signatures import consents
from petition.store.tables import (
    Campaign,
    CampaignQuestion,
    CampaignText,
    Consent,
    ConsentText,
    Entry,
    MergedSignature,
    PartnerQuestion,
    Signature,
)
from petition.store.webhooks import owed

PAGE = 2000

_MAILBOX = func.coalesce(Signature.mailbox_key, Signature.address_key)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A signature as the link in a letter finds it."""

    signature_id: int
    campaign_id: int
    slug: str
    state: str
    mailbox_confirmed: bool
    language: str
    text_id: int
    """The version of the call whose very questions this entry answered."""
    signs: bool
    """False where the form was to write to the targets alone."""


def of_entry(session: Session, entry_id: int) -> Found | None:
    """The signature that an entry belongs to, and the words it answered; None when gone."""
    row = session.execute(_of_entry(), {"number": entry_id}).first()
    if row is None:
        return None
    signature, entry, slug, text_id = row
    return Found(
        signature_id=signature.id,
        campaign_id=signature.campaign_id,
        slug=slug,
        state=signature.state,
        mailbox_confirmed=signature.confirmed_at is not None,
        language=entry.language,
        text_id=text_id,
        signs=entry.signs,
    )


@cache
def _of_entry() -> Select[Any]:
    """With its newest words it is long, and asked with every letter's link."""
    return (
        select(Signature, Entry, Campaign.slug, _text_of_entry())
        .join(Entry, Entry.signature_id == Signature.id)
        .join(Campaign, Campaign.id == Signature.campaign_id)
        .where(Entry.id == bindparam("number"))
    )


def _text_of_entry() -> ScalarSelect[Any]:
    """The newest words of the call that ask exactly what the entry's form asked.

    They ask each question that it answered, in the same words, and require no other. What a
    partner asked is no part of the call. A form that does not sign answered none of them.
    """
    partners = exists().where(PartnerQuestion.consent_text_id == Consent.consent_text_id)
    given = and_(
        Consent.entry_id == Entry.id,
        Consent.way.not_in((consent.MY, consent.LETTER)),
        ~partners.correlate(Consent),
    )
    asked = CampaignQuestion.campaign_text_id == CampaignText.id
    same_words = exists().where(asked, CampaignQuestion.consent_text_id == Consent.consent_text_id)
    answered = exists().where(given, Consent.purpose == CampaignQuestion.purpose)
    asks_the_same = and_(
        ~exists()
        .where(given, ~same_words.correlate(CampaignText, Consent))
        .correlate(Entry, CampaignText),
        ~exists()
        .where(
            asked,
            CampaignQuestion.required,
            ~answered.correlate(Entry, CampaignQuestion),
        )
        .correlate(Entry, CampaignText),
    )
    return (
        select(func.max(CampaignText.id))
        .where(
            CampaignText.campaign_id == Signature.campaign_id,
            CampaignText.language == Entry.language,
            or_(~Entry.signs, asks_the_same),
        )
        .correlate(Signature, Entry)
        .scalar_subquery()
    )


def is_signing(session: Session, entry_id: int) -> bool:
    """False where the form was to write to the targets alone."""
    return bool(session.scalar(select(Entry.signs).where(Entry.id == entry_id)))


def confirm_writer(session: Session, entry_id: int, *, at: datetime) -> bytes | None:
    """The mailbox's owner confirms a form that does not sign; the mailbox's key if that is new.

    Who has signed, withdrew or is held back stays what they are. A form that would sign and was
    not confirmed can be all the same.
    """
    entry = select(Entry.signature_id).where(Entry.id == entry_id, ~Entry.signs)
    row = session.execute(
        update(Signature)
        .where(
            Signature.id == entry.scalar_subquery(),
            Signature.state.in_((states.PENDING, states.WRITER)),
            Signature.confirmed_at.is_(None),
        )
        .values(state=states.WRITER, confirmed_at=at, entry_id=entry_id)
        .returning(_MAILBOX.label("mailbox"))
        .execution_options(synchronize_session=False)
    ).first()
    return bytes(row.mailbox) if row is not None else None


def confirm(session: Session, entry_id: int, *, at: datetime) -> bytes | None:
    """The mailbox's owner confirms this entry; the mailbox's key if that changed anything.

    A held signature keeps its state and remembers that its mailbox confirmed. A withdrawn one
    comes back by a form that was sent in after the withdrawal, and to where it was. The one
    UPDATE decides: a second click, or another entry's link, may have got there first.
    """
    row = session.execute(_confirm(), {"number": entry_id, "now": at}).first()
    if row is None:
        return None
    if row.state == states.CONFIRMED:
        note_change(session, row.id, +1)
        opt_ins.note_changed(session, [row.id], at=at)
        owed.note_state(session, [row.id], states.CONFIRMED, at=at)
    return bytes(row.mailbox)


@cache
def _confirm() -> ReturningUpdate[int, str, bytes]:
    entry = select(Entry).where(Entry.id == bindparam("number")).subquery()
    return (
        update(Signature)
        .where(
            Signature.id == select(entry.c.signature_id).scalar_subquery(),
            or_(
                and_(
                    Signature.state.in_((states.PENDING, states.HELD)),
                    Signature.confirmed_at.is_(None),
                ),
                and_(
                    Signature.state == states.WITHDRAWN,
                    Signature.withdrawn_at < select(entry.c.created_at).scalar_subquery(),
                ),
                Signature.state == states.WRITER,
            ),
            exists().where(entry.c.signs),
        )
        .values(
            state=case(
                (Signature.state == states.HELD, states.HELD),
                # Who was held and withdrew cannot come back around the hold.
                (Signature.withdrawn_from == states.HELD, states.HELD),
                else_=states.CONFIRMED,
            ),
            confirmed_at=bindparam("now"),
            withdrawn_at=None,
            withdrawn_from=None,
            # Who unsubscribed, and asked for news again in a form since, gets them again.
            unsubscribed_at=case(
                (
                    exists().where(
                        entry.c.updates == "yes", entry.c.created_at > Signature.unsubscribed_at
                    ),
                    None,
                ),
                else_=Signature.unsubscribed_at,
            ),
            entry_id=bindparam("number"),
        )
        .returning(Signature.id, Signature.state, _MAILBOX.label("mailbox"))
        .execution_options(synchronize_session=False)
    )


def set_mailbox(session: Session, signature_id: int, mailbox_key: bytes) -> None:
    """What its letters are counted by from now on."""
    own = case((Signature.address_key == mailbox_key, None), else_=mailbox_key)
    session.execute(
        update(Signature)
        .where(Signature.id == signature_id)
        .values(mailbox_key=own)
        .execution_options(synchronize_session=False)
    )


def withdraw(session: Session, signature_id: int, *, at: datetime) -> bool:
    """Take a signature back; False when it is not one that can be (or is already).

    The row is locked: staff may be moving it at this moment.
    """
    row = session.get(Signature, signature_id, with_for_update=True, populate_existing=True)
    if row is None or row.state not in states.WITHDRAWABLE:
        return False
    if row.state == states.CONFIRMED:
        note_change(session, signature_id, -1)
    counted = row.state == states.CONFIRMED
    row.withdrawn_from = row.state
    row.state, row.withdrawn_at = states.WITHDRAWN, at
    session.flush()
    opt_ins.note_changed(session, [signature_id], at=at)
    if counted:
        owed.note_state(session, [signature_id], states.WITHDRAWN, at=at)
    return True


def undo_withdrawal(session: Session, signature_id: int, *, after: datetime, at: datetime) -> bool:
    """Lead a signature back to where it was; False unless it was withdrawn after that time."""
    row = session.get(Signature, signature_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != states.WITHDRAWN or row.withdrawn_from is None:
        return False
    if row.withdrawn_at is None or row.withdrawn_at <= after:
        return False
    row.state, row.withdrawn_at, row.withdrawn_from = row.withdrawn_from, None, None
    if row.state == states.CONFIRMED:
        note_change(session, signature_id, +1)
        owed.note_state(session, [signature_id], states.CONFIRMED, at=at)
    session.flush()
    opt_ins.note_changed(session, [signature_id], at=at)
    return True


def move(
    session: Session,
    signature_id: int,
    to: str,
    *,
    expected: str,
    hold_reason: HoldReason | None = None,
    words: str | None = None,
    at: datetime,
) -> bool:
    """Move a signature between states; False when it is not (or no longer) in `expected`.

    The totals follow when it enters or leaves the confirmed ones. `words` are staff's own; None
    leaves those that are there.
    """
    if to not in states.MOVES[states.State(expected)]:
        return False
    row = session.execute(
        update(Signature)
        .where(Signature.id == signature_id, Signature.state == expected)
        .values(
            state=to,
            hold_reason=hold_reason,
            moved_at=at,
            **({"state_reason": words} if words is not None else {}),
        )
        .returning(Signature.id)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        return False
    change = (to == states.CONFIRMED) - (expected == states.CONFIRMED)
    if change:
        note_change(session, signature_id, change)
        opt_ins.note_changed(session, [signature_id], at=at)
        owed.note_state(session, [signature_id], to, at=at)
    return True


def standing(session: Session, signature_id: int) -> int:
    """The signature that one of this number became; mostly itself, whether it is there or not."""
    return (
        session.scalar(
            select(MergedSignature.signature_id).where(MergedSignature.gone_id == signature_id)
        )
        or signature_id
    )


@dataclass(frozen=True, kw_only=True)
class SignatureRecord:
    """How a signature stands."""

    entry_id: int
    state: str
    confirmed_at: datetime | None
    unsubscribed_at: datetime | None


def _record(row: Signature | None) -> SignatureRecord | None:
    if row is None:
        return None
    return SignatureRecord(
        entry_id=row.entry_id,
        state=row.state,
        confirmed_at=row.confirmed_at,
        unsubscribed_at=row.unsubscribed_at,
    )


def get(session: Session, signature_id: int) -> SignatureRecord | None:
    return _record(session.get(Signature, signature_id))


def lock(session: Session, signature_id: int) -> SignatureRecord | None:
    """The signature, its row held until the transaction ends; None when it is gone."""
    return _record(
        session.get(Signature, signature_id, with_for_update=True, populate_existing=True)
    )


_CONFIRMED = (states.CONFIRMED,)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which signatures an export takes. `since` compares with the time of signing.

    Withdrawn ones are in no list, whatever `states` says.
    """

    states: tuple[str, ...] = _CONFIRMED
    visibilities: tuple[str, ...] = VISIBILITIES
    since: datetime | None = None
    updates: str | None = None
    """The answer to the question about news, as it is now; None for whichever."""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One signature as an export reads it; what was typed is still sealed."""

    campaign: str
    further: Mapping[str, str]
    """Purpose to answer, of the questions that not every campaign asks."""
    signature_id: int
    state: str
    signed_at: datetime
    confirmed_at: datetime | None
    entry_id: int
    sealed: bytes
    key_number: int
    country: str
    language: str
    visibility: str
    source: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    partner: str | None
    updates: str
    updates_at: datetime
    text_sha256: str
    """Fingerprint of the words by which the supporter signed."""


_EXPORTED: Final[dict[str, Any]] = {
    "signature_id": Signature.id,
    "state": Signature.state,
    "signed_at": Signature.created_at,
    "confirmed_at": Signature.confirmed_at,
    "entry_id": Entry.id,
    "sealed": Entry.sealed,
    "key_number": Entry.key_number,
    "country": Entry.country,
    "language": Entry.language,
    "visibility": Entry.visibility,
    "source": Entry.source,
    "utm_source": Entry.utm_source,
    "utm_medium": Entry.utm_medium,
    "utm_campaign": Entry.utm_campaign,
    "partner": Entry.partner,
    "updates": Entry.updates,
    "updates_at": func.coalesce(Entry.updates_at, Entry.created_at, type_=Instant),
    "text_sha256": ConsentText.sha256,
}
"""Field of ExportRow to column."""
_READ: Final = [each.name for each in fields(ExportRow) if each.name in _EXPORTED]
_ENTRY: Final = _READ.index("entry_id")
_NO_ANSWERS: Final[Mapping[str, str]] = MappingProxyType({})


def count(session: Session, campaign_id: int, filters: Filters) -> int:
    """How many signatures fit: about as many as `pages` finds a moment later."""
    query = select(func.count()).select_from(Signature).join(Entry, Entry.id == Signature.entry_id)
    return session.scalars(query.where(*_fits(campaign_id, filters))).one()


def _fits(campaign_id: int, filters: Filters) -> Iterator[ColumnElement[bool]]:
    yield Signature.campaign_id == campaign_id
    yield Signature.state.in_(set(filters.states) & set(states.IN_LISTS))
    yield Entry.visibility.in_(filters.visibilities)
    if filters.since is not None:
        yield Signature.created_at >= filters.since
    if filters.updates is not None:
        yield Entry.updates == filters.updates


def pages(session: Session, campaign_id: int, filters: Filters) -> Iterator[Sequence[ExportRow]]:
    """Every signature that fits, with its entry and consents, in pages ordered by id."""
    slug = _slug(session, campaign_id)
    further = consents.further_purposes(session, campaign_id)
    query = _fitting(campaign_id, filters).order_by(Signature.id).limit(PAGE)
    last = 0
    page: Sequence[Any]
    while page := session.execute(query.where(Signature.id > last)).all():
        first, last = page[0].id, page[-1].id
        answers = consents.answers_between(session, campaign_id, first, last, further)
        yield [ExportRow(slug, answers.get(row[_ENTRY], _NO_ANSWERS), *row) for row in page]


def ids(session: Session, campaign_id: int, filters: Filters) -> Sequence[int]:
    """The id of every signature that fits, ascending."""
    query = _fitting(campaign_id, filters).with_only_columns(Signature.id)
    return session.scalars(query.order_by(Signature.id)).all()


def in_order(
    session: Session, campaign_id: int, filters: Filters, ids: Sequence[int]
) -> Iterator[Sequence[ExportRow]]:
    """These signatures in the order of `ids`, in pages, without answers to further questions."""
    slug, query = _slug(session, campaign_id), _fitting(campaign_id, filters)
    for begin in range(0, len(ids), PAGE):
        part = ids[begin : begin + PAGE]
        found = {row.id: row for row in session.execute(query.where(Signature.id.in_(part)))}
        yield [ExportRow(slug, _NO_ANSWERS, *found[id_]) for id_ in part]


def _slug(session: Session, campaign_id: int) -> str:
    return session.scalars(select(Campaign.slug).where(Campaign.id == campaign_id)).one()


def _fitting(campaign_id: int, filters: Filters) -> Any:
    """Every signature that fits, with its entry and the words by which it was signed."""
    sign = aliased(Consent)
    return (
        select(*(_EXPORTED[name] for name in _READ))
        .join(Entry, Entry.id == Signature.entry_id)
        .join(
            sign,
            and_(
                sign.entry_id == Entry.id,
                sign.purpose == literal(consent.SIGN),
                sign.answer == literal("yes"),  # not the row of a withdrawal
            ),
        )
        .join(ConsentText, ConsentText.id == sign.consent_text_id)
        .where(*_fits(campaign_id, filters))
    )

"""Consents: what was answered to the questions of a form, and what was answered since."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.orm import Session

from petition.domain.signatures import consent
from petition.domain.signatures.consent import Question
from petition.store.partners import opt_ins
from petition.store.tables import (
    CampaignQuestion,
    CampaignText,
    Consent,
    ConsentText,
    Entry,
    Partner,
    PartnerQuestion,
    Signature,
)
from petition.store.webhooks import owed


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

    @property
    def question(self) -> Question:
        """The question as it was shown, with the answers that it offered."""
        return consent.question(self.purpose, self.wording)


def answers(session: Session, entry_id: int) -> tuple[Answered, ...]:
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
    if purpose == consent.PARTNER:
        own = select(Entry.signature_id).where(Entry.id == entry_id)
        opt_ins.note_changed(session, session.scalars(own), at=at)
    owed.note_answer(session, entry_id, purpose, answer, at=at)


def current(session: Session, entry_id: int) -> dict[str, str]:
    """Purpose to the answer that counts now: the last one that was given."""
    rows = session.execute(
        select(Entry.updates, Entry.visibility, Consent.purpose, Consent.answer)
        .outerjoin(Consent, Consent.entry_id == Entry.id)
        .where(Entry.id == entry_id)
        .order_by(Consent.id)
    ).all()
    last = {row.purpose: row.answer for row in rows if row.purpose is not None}
    for row in rows[:1]:
        last |= {consent.UPDATES: row.updates, consent.VISIBILITY: row.visibility}
    return last


def last_wording(session: Session, entry_id: int, purpose: str) -> str | None:
    """The words of the question that was answered last for the purpose; None where none was."""
    return session.scalar(
        select(ConsentText.wording)
        .join(Consent, Consent.consent_text_id == ConsentText.id)
        .where(Consent.entry_id == entry_id, Consent.purpose == purpose)
        .order_by(Consent.id.desc())
        .limit(1)
    )


def shown_text_id(session: Session, entry_id: int, purpose: str) -> int:
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


def forms_with_yes(session: Session, signature_id: int, purpose: str) -> list[int]:
    """The forms of a signature whose last answer for the purpose is yes."""
    rows = session.execute(
        select(Consent.entry_id, Consent.answer)
        .join(Entry, Entry.id == Consent.entry_id)
        .where(Entry.signature_id == signature_id, Consent.purpose == purpose)
        .order_by(Consent.id)
    )
    last = {row.entry_id: row.answer for row in rows}
    return sorted(entry_id for entry_id, answer in last.items() if answer == "yes")


def further_purposes(session: Session, campaign_id: int) -> tuple[str, ...]:
    """What a campaign asks, or once asked, beyond what every campaign does; the oldest first.

    What its partners ask is for one purpose, and comes last.
    """
    rows = session.execute(
        select(CampaignQuestion.purpose, func.min(CampaignQuestion.id).label("first"))
        .join(CampaignText, CampaignText.id == CampaignQuestion.campaign_text_id)
        .where(
            CampaignText.campaign_id == campaign_id,
            CampaignQuestion.purpose.not_in(consent.PURPOSES),
        )
        .group_by(CampaignQuestion.purpose)
        .order_by("first")
    )
    partners = exists(
        select(PartnerQuestion.id)
        .join(Partner, Partner.id == PartnerQuestion.partner_id)
        .where(Partner.campaign_id == campaign_id)
    )
    found = [row.purpose for row in rows]
    if session.scalar(select(partners)):
        found.append(consent.PARTNER)
    return tuple(dict.fromkeys(found))


def answers_between(
    session: Session, campaign_id: int, first: int, last: int, purposes: Collection[str]
) -> dict[int, dict[str, str]]:
    """Of the forms that these signatures stand on: entry id to purpose to the last answer."""
    found: dict[int, dict[str, str]] = {}
    if not purposes:
        return found
    rows = session.execute(
        select(Consent.entry_id, Consent.purpose, Consent.answer)
        .join(Signature, Signature.entry_id == Consent.entry_id)
        .where(
            Signature.campaign_id == campaign_id,
            Signature.id.between(first, last),
            Consent.purpose.in_(purposes),
        )
        .order_by(Consent.id)
    )
    for entry_id, purpose, answer in rows:
        found.setdefault(entry_id, {})[purpose] = answer
    return found

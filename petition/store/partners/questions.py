"""Partners' own questions: each version stays, so that an answer keeps the words it was given to.

Their words are consent texts like those of a campaign's own questions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from petition.domain.partners.questions import PartnerQuestion, read
from petition.domain.signatures import consent
from petition.store.tables import ConsentText, Partner, PartnerQuestion as Row


@dataclass(frozen=True, kw_only=True)
class AskedQuestion:
    """A partner's question in one language, and the id of its exact words."""

    language: str
    version: int
    consent_text_id: int
    question: PartnerQuestion


def current(
    session: Session, partner_ids: Collection[int]
) -> Mapping[int, Mapping[str, AskedQuestion]]:
    """Partner to language to what is asked there now."""
    if not partner_ids:
        return {}
    newest = (
        select(Row.partner_id, Row.language, func.max(Row.version).label("version"))
        .where(Row.partner_id.in_(partner_ids))
        .group_by(Row.partner_id, Row.language)
        .subquery()
    )
    rows = session.execute(
        select(Row.partner_id, Row.language, Row.version, ConsentText.id, ConsentText.wording)
        .join(
            newest,
            and_(
                newest.c.partner_id == Row.partner_id,
                newest.c.language == Row.language,
                newest.c.version == Row.version,
            ),
        )
        .join(ConsentText, ConsentText.id == Row.consent_text_id)
        .order_by(Row.id)
    )
    found: dict[int, dict[str, AskedQuestion]] = {}
    for partner_id, language, version, text_id, wording in rows:
        question = read(wording)
        assert question is not None  # they are written by `put` alone
        found.setdefault(partner_id, {})[language] = AskedQuestion(
            language=language, version=version, consent_text_id=text_id, question=question
        )
    return found


def of_text(session: Session, partner_id: int, consent_text_id: int) -> AskedQuestion | None:
    """The partner's question in these very words; None where it never asked them."""
    row = session.execute(
        select(Row.language, Row.version, ConsentText.id, ConsentText.wording)
        .join(Row, Row.consent_text_id == ConsentText.id)
        .where(Row.partner_id == partner_id, ConsentText.id == consent_text_id)
        .order_by(Row.id)
        .limit(1)
    ).first()
    question = read(row.wording) if row is not None else None
    if row is None or question is None:
        return None
    return AskedQuestion(
        language=row.language, version=row.version, consent_text_id=row.id, question=question
    )


def put(
    session: Session,
    partner_id: int,
    language: str,
    question: PartnerQuestion | None,
    *,
    by: str,
    at: datetime,
) -> bool:
    """From now on this is asked in this language, or nothing; False when that was so."""
    now = current(session, [partner_id]).get(partner_id, {}).get(language)
    if (now.question if now else None) == question:
        return False
    text_id = None
    if question is not None:
        campaign_id = session.get_one(Partner, partner_id).campaign_id
        text_id = _text_id(session, campaign_id, language, question.wording(), at)
    query = select(func.max(Row.version)).where(
        Row.partner_id == partner_id, Row.language == language
    )
    session.add(
        Row(
            partner_id=partner_id,
            language=language,
            version=(session.scalar(query) or 0) + 1,
            consent_text_id=text_id,
            made_by=by,
            made_at=at,
        )
    )
    session.flush()
    return True


def _text_id(session: Session, campaign_id: int, language: str, wording: str, at: datetime) -> int:
    """The id of these words; several partners' are told apart by them."""
    texts = select(ConsentText).where(
        ConsentText.campaign_id == campaign_id,
        ConsentText.purpose == consent.PARTNER,
        ConsentText.language == language,
    )
    same = session.scalar(texts.where(ConsentText.wording == wording).limit(1))
    if same is not None:
        return same.id
    newest = session.scalar(texts.order_by(ConsentText.version.desc()).limit(1))
    row = ConsentText(
        campaign_id=campaign_id,
        purpose=consent.PARTNER,
        language=language,
        version=newest.version + 1 if newest else 1,
        wording=wording,
        sha256=consent.fingerprint(wording),
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row.id

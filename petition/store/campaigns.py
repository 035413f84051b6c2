"""Campaigns in the database: their words by version, their state, and what a page needs."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from petition.domain import consent
from petition.domain.campaign import CLOSED, DRAFT, Call, CampaignFile, CampaignView, Target
from petition.domain.consent import Questions, SignQuestion, UpdatesQuestion, VisibilityQuestion
from petition.errors import NotFound
from petition.store.tables import Campaign, CampaignText, ConsentText


def by_slug(session: Session, slug: str) -> Campaign:
    """The campaign's row; raises NotFound."""
    row = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if row is None:
        raise NotFound(f"there is no campaign called {slug}")
    return row


def slug(session: Session, campaign_id: int) -> str:
    """A campaign's name in addresses; raises NotFound."""
    found = session.scalar(select(Campaign.slug).where(Campaign.id == campaign_id))
    if found is None:
        raise NotFound
    return found


def exists(session: Session, slug: str) -> bool:
    return session.scalar(select(Campaign.id).where(Campaign.slug == slug)) is not None


def listed(session: Session) -> list[Campaign]:
    """Every campaign, oldest first."""
    return list(session.scalars(select(Campaign).order_by(Campaign.id)))


def save(session: Session, file: CampaignFile, *, at: datetime) -> bool:
    """Make or update a campaign from its files; True when anything changed.

    Words become a new version only where they differ from the newest one, so that loading the
    same files again changes nothing. State and dates belong to staff and are never touched.
    """
    targets = json.dumps([asdict(target) for target in file.targets], ensure_ascii=False)
    facts = {"goal": file.goal, "default_language": file.default_language, "targets": targets}
    row = session.scalar(select(Campaign).where(Campaign.slug == file.slug).with_for_update())
    changed = row is None or any(getattr(row, name) != value for name, value in facts.items())
    if row is None:
        row = Campaign(slug=file.slug, state=DRAFT, created_at=at, **facts)
        session.add(row)
        session.flush()
    for name, value in facts.items():
        setattr(row, name, value)
    for language, call in file.calls.items():
        changed |= _save_call(session, row.id, language, call, at)
    return changed


def _save_call(session: Session, campaign_id: int, language: str, call: Call, at: datetime) -> bool:
    content = json.dumps(asdict(call), ensure_ascii=False, sort_keys=True)
    newest = session.scalar(
        select(CampaignText)
        .where(CampaignText.campaign_id == campaign_id, CampaignText.language == language)
        .order_by(CampaignText.version.desc())
        .limit(1)
    )
    if newest is not None and newest.content == content:
        return False
    texts = {
        purpose: _consent_text_id(session, campaign_id, purpose, language, wording, at)
        for purpose, wording in call.consents.wordings().items()
    }
    session.add(
        CampaignText(
            campaign_id=campaign_id,
            language=language,
            version=newest.version + 1 if newest else 1,
            content=content,
            sign_text_id=texts[consent.SIGN],
            updates_text_id=texts[consent.UPDATES],
            visibility_text_id=texts[consent.VISIBILITY],
            created_at=at,
        )
    )
    return True


def _consent_text_id(
    session: Session, campaign_id: int, purpose: str, language: str, wording: str, at: datetime
) -> int:
    """The id of this exact wording: the newest version if it is the same, else a new one."""
    newest = session.scalar(
        select(ConsentText)
        .where(
            ConsentText.campaign_id == campaign_id,
            ConsentText.purpose == purpose,
            ConsentText.language == language,
        )
        .order_by(ConsentText.version.desc())
        .limit(1)
    )
    if newest is not None and newest.wording == wording:
        return newest.id
    row = ConsentText(
        campaign_id=campaign_id,
        purpose=purpose,
        language=language,
        version=newest.version + 1 if newest else 1,
        wording=wording,
        sha256=consent.fingerprint(wording),
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row.id


def set_state(session: Session, slug: str, state: str, *, at: datetime) -> bool:
    """Open or close a campaign; True when that changed its state. Raises NotFound."""
    row = by_slug(session, slug)
    moved = session.execute(
        update(Campaign)
        .where(Campaign.id == row.id, Campaign.state != state)
        .values(state=state, closed_at=at if state == CLOSED else None)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one


def languages(session: Session, campaign_id: int) -> tuple[str, ...]:
    """The languages that the call is written in, in the order they came."""
    rows = session.execute(
        select(CampaignText.language, func.min(CampaignText.id))
        .where(CampaignText.campaign_id == campaign_id)
        .group_by(CampaignText.language)
        .order_by(func.min(CampaignText.id))
    )
    return tuple(language for language, _ in rows)


def view(session: Session, slug: str, language: str) -> CampaignView:
    """The campaign with its newest words in one language; raises NotFound for either."""
    row = by_slug(session, slug)
    text = session.scalar(
        select(CampaignText)
        .where(CampaignText.campaign_id == row.id, CampaignText.language == language)
        .order_by(CampaignText.version.desc())
        .limit(1)
    )
    if text is None:
        raise NotFound(f"{slug} is not written in {language}")
    return _view(session, row, text)


def view_of_text(session: Session, text_id: int) -> CampaignView:
    """The campaign with the very words of that version; raises NotFound."""
    text = session.get(CampaignText, text_id)
    if text is None:
        raise NotFound
    return _view(session, session.get_one(Campaign, text.campaign_id), text)


def _view(session: Session, row: Campaign, text: CampaignText) -> CampaignView:
    return CampaignView(
        id=row.id,
        slug=row.slug,
        state=row.state,
        goal=row.goal,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        closed_at=row.closed_at,
        retention_months=row.retention_months,
        default_language=row.default_language,
        languages=languages(session, row.id),
        targets=tuple(Target(**target) for target in json.loads(row.targets)),
        language=text.language,
        text_id=text.id,
        call=_call(json.loads(text.content)),
        consent_text_ids={
            consent.SIGN: text.sign_text_id,
            consent.UPDATES: text.updates_text_id,
            consent.VISIBILITY: text.visibility_text_id,
        },
    )


def _call(content: dict[str, Any]) -> Call:
    questions = content.pop("consents")
    return Call(
        asks=tuple(content.pop("asks")),
        references=tuple(content.pop("references")),
        consents=Questions(
            sign=SignQuestion(**questions["sign"]),
            updates=UpdatesQuestion(**questions["updates"]),
            visibility=VisibilityQuestion(**questions["visibility"]),
        ),
        **content,
    )

"""Campaigns in the database: their texts by version, their state, and what a page needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import NamedTuple

import msgspec
from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from petition.domain.campaigns.campaign import (
    CLOSED,
    DRAFT,
    CampaignContent,
    CampaignFile,
    CampaignState,
    CampaignView,
    CampaignWords,
    Target,
)
from petition.domain.campaigns.loading import WORDS, Change, Loaded, is_staffs
from petition.domain.campaigns.presentation import Presentation
from petition.domain.signatures import consent
from petition.errors import NotFound
from petition.store.db import read_once, stored_json
from petition.store.db.upsert import upsert
from petition.store.tables import (
    Campaign,
    CampaignEdit,
    CampaignQuestion,
    CampaignText,
    ConsentText,
)
from petition.store.webhooks import owed


@dataclass(frozen=True, kw_only=True)
class CampaignRecord:
    """A campaign without its words."""

    id: int
    slug: str
    state: str
    goal: int
    default_language: str
    opens_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None
    retention_months: int


def _record(row: Campaign) -> CampaignRecord:
    return CampaignRecord(
        id=row.id,
        slug=row.slug,
        state=row.state,
        goal=row.goal,
        default_language=row.default_language,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        closed_at=row.closed_at,
        retention_months=row.retention_months,
    )


def by_slug(session: Session, slug: str) -> CampaignRecord:
    """The campaign; raises NotFound."""
    return _record(_by_slug(session, slug))


@read_once
def _by_slug(session: Session, slug: str) -> Campaign:
    row = session.scalar(_of_slug(), {"name": slug})
    if row is None:
        raise NotFound(f"there is no campaign called {slug}")
    return row


@cache
def _of_slug() -> Select[Campaign]:
    return select(Campaign).where(Campaign.slug == bindparam("name"))


def slug(session: Session, campaign_id: int) -> str:
    """A campaign's name in addresses; raises NotFound."""
    found = session.scalar(select(Campaign.slug).where(Campaign.id == campaign_id))
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True, kw_only=True)
class CampaignTitle:
    """What a campaign is called on its page."""

    text: str
    language: str


class _Titled(msgspec.Struct, frozen=True):
    """The part of the words that is read for it."""

    title: str


def title(session: Session, campaign_id: int, language: str) -> CampaignTitle:
    """In this language or else in the campaign's own; raises NotFound."""
    row = session.execute(
        select(CampaignText.content, CampaignText.language)
        .join(Campaign, Campaign.id == CampaignText.campaign_id)
        .where(
            Campaign.id == campaign_id,
            CampaignText.language.in_((language, Campaign.default_language)),
        )
        .order_by((CampaignText.language == language).desc(), CampaignText.version.desc())
        .limit(1)
    ).first()
    if row is None:
        raise NotFound
    words = stored_json.read(row.content, _Titled)
    return CampaignTitle(text=words.title, language=row.language)


def exists(session: Session, slug: str) -> bool:
    return session.scalar(select(Campaign.id).where(Campaign.slug == slug)) is not None


def listed(session: Session) -> list[CampaignRecord]:
    """Every campaign, oldest first."""
    return [_record(row) for row in session.scalars(select(Campaign).order_by(Campaign.id))]


def save(session: Session, file: CampaignFile, *, at: datetime, keep_edits: bool = False) -> Loaded:
    """Make or update a campaign from its files.

    Words become a new version only where they differ from the newest one, so that loading the
    same files again changes nothing. State and dates belong to staff and are never touched; with
    `keep_edits`, neither is what staff loaded.
    """
    facts = {
        "goal": file.goal,
        "default_language": file.default_language,
        "targets": stored_json.written(file.targets),
        "presentation": stored_json.written(file.presentation),
    }
    row = session.scalar(select(Campaign).where(Campaign.slug == file.slug).with_for_update())
    is_new = row is None
    if row is None:
        row = Campaign(slug=file.slug, state=DRAFT, created_at=at, **facts)
        session.add(row)
        session.flush()
    edited = edits(session, row.id)
    changed: list[Change] = []
    kept: list[Change] = []
    for name, value in facts.items():
        if getattr(row, name) == value:
            continue
        change = Change(item=name, is_staffs=is_staffs(name, edited))
        if keep_edits and change.is_staffs:
            kept.append(change)
        else:
            setattr(row, name, value)
            changed.append(change)
    for language, call in file.calls.items():
        newest = _newest(session, row.id, language)
        parts = _differing(session, newest, call)
        if not parts:
            continue
        item = f"{WORDS}{language}"
        change = Change(item=item, parts=parts, is_staffs=is_staffs(item, edited))
        if keep_edits and change.is_staffs:
            kept.append(change)
        else:
            _save_call(session, row.id, language, call, newest, at)
            changed.append(change)
    return Loaded(slug=file.slug, is_new=is_new, changed=tuple(changed), kept=tuple(kept))


def edits(session: Session, campaign_id: int) -> frozenset[str]:
    """The items of a campaign that staff loaded themselves."""
    query = select(CampaignEdit.item).where(CampaignEdit.campaign_id == campaign_id)
    return frozenset(session.scalars(query))


def note_edits(session: Session, campaign_id: int, items: Iterable[str]) -> None:
    """These are staff's from now on, besides those that are."""
    upsert(session, CampaignEdit, [{"campaign_id": campaign_id, "item": item} for item in items])


def forget_edits(session: Session, campaign_id: int) -> None:
    """All of the campaign is as the shipped files say."""
    session.execute(
        delete(CampaignEdit)
        .where(CampaignEdit.campaign_id == campaign_id)
        .execution_options(synchronize_session=False)
    )


def _newest(session: Session, campaign_id: int, language: str) -> CampaignText | None:
    return session.scalar(_newest_of(), {"campaign": campaign_id, "code": language})


@cache
def _newest_of() -> Select[CampaignText]:
    return (
        select(CampaignText)
        .where(
            CampaignText.campaign_id == bindparam("campaign"),
            CampaignText.language == bindparam("code"),
        )
        .order_by(CampaignText.version.desc())
        .limit(1)
    )


def _differing(
    session: Session, newest: CampaignText | None, call: CampaignContent
) -> tuple[str, ...]:
    """The names of the words that differ from that version; all of them where there is none."""
    new = stored_json.read(_content(call), dict[str, object])
    if newest is None:
        return tuple(sorted(new))
    old = stored_json.read(newest.content, dict[str, object])
    found = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if not _asks(session, newest.id, call):
        found.add("consents")
    return tuple(sorted(found))


def _save_call(
    session: Session,
    campaign_id: int,
    language: str,
    call: CampaignContent,
    newest: CampaignText | None,
    at: datetime,
) -> None:
    text = CampaignText(
        campaign_id=campaign_id,
        language=language,
        version=newest.version + 1 if newest else 1,
        content=_content(call),
        created_at=at,
    )
    session.add(text)
    session.flush()
    for question in call.consents.values():
        session.add(
            CampaignQuestion(
                campaign_text_id=text.id,
                purpose=question.purpose,
                consent_text_id=_consent_text_id(
                    session, campaign_id, question.purpose, language, question.wording(), at
                ),
                required=question.required,
            )
        )
        session.flush()  # one by one: the order of their ids is that of the questions
    if call.writing.consent:
        wording = call.writing.consent
        _consent_text_id(session, campaign_id, consent.WRITING, language, wording, at)


def _content(call: CampaignContent) -> str:
    """The words as they are kept."""
    words = msgspec.to_builtins(call)
    words["consents"] = {purpose: question.words() for purpose, question in call.consents.items()}
    # The newest version is compared with it: the order says nothing.
    return stored_json.written(words, order="sorted")


def _asks(session: Session, text_id: int, call: CampaignContent) -> bool:
    """True when that version asks what this call asks, and requires what it requires."""
    asked = {row.purpose: row.required for row in _questions(session, text_id)}
    return asked == {question.purpose: question.required for question in call.consents.values()}


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


def presentation(session: Session, slug: str) -> Presentation:
    """What a campaign brings along beside its words; raises NotFound."""
    return stored_json.read(_by_slug(session, slug).presentation, Presentation)


def set_state(session: Session, slug: str, state: CampaignState, *, at: datetime) -> bool:
    """Open or close a campaign; True when that changed its state. Raises NotFound."""
    row = by_slug(session, slug)
    moved = session.execute(
        update(Campaign)
        .where(Campaign.id == row.id, Campaign.state != state)
        .values(state=state, closed_at=at if state == CLOSED else None)
    )
    is_moved = bool(moved.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one
    if is_moved and state == CLOSED:
        owed.note_closed(session, row.id, at=at)
    return is_moved


@read_once
def languages(session: Session, campaign_id: int) -> tuple[str, ...]:
    """The languages that the call is written in, in the order they came."""
    rows = session.execute(_languages(), {"campaign": campaign_id})
    return tuple(language for language, _ in rows)


@cache
def _languages() -> Select[str, int]:
    return (
        select(CampaignText.language, func.min(CampaignText.id))
        .where(CampaignText.campaign_id == bindparam("campaign"))
        .group_by(CampaignText.language)
        .order_by(func.min(CampaignText.id))
    )


def view(session: Session, slug: str, language: str) -> CampaignView:
    """The campaign with its newest words in one language; raises NotFound for either."""
    row = _by_slug(session, slug)
    text = _newest(session, row.id, language)
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
    asked = _questions(session, text.id)
    call = _call(text.content, asked)
    of_writing = _of_writing(session, text, call.writing.consent)
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
        targets=stored_json.read(row.targets, tuple[Target, ...]),
        language=text.language,
        text_id=text.id,
        call=call,
        consent_text_ids={row.purpose: row.consent_text_id for row in asked} | of_writing,
        presentation=stored_json.read(row.presentation, Presentation),
        created_at=row.created_at,
    )


def _of_writing(session: Session, text: CampaignText, wording: str) -> dict[str, int]:
    """The row of what somebody agrees to who writes without signing, where that is offered."""
    if not wording:
        return {}
    found = session.scalar(
        _wording_of_writing(),
        {
            "campaign": text.campaign_id,
            "code": text.language,
            "fingerprint": consent.fingerprint(wording),
        },
    )
    return {} if found is None else {consent.WRITING: found}


@cache
def _wording_of_writing() -> Select[int]:
    return (
        select(ConsentText.id)
        .where(
            ConsentText.campaign_id == bindparam("campaign"),
            ConsentText.purpose == consent.WRITING,
            ConsentText.language == bindparam("code"),
            ConsentText.sha256 == bindparam("fingerprint"),
        )
        .order_by(ConsentText.version.desc())
        .limit(1)
    )


class _WithMessages(msgspec.Struct, frozen=True):
    """The part of the words that is read for it."""

    messages: tuple[msgspec.Raw, ...] = ()


def message_texts(session: Session, campaign_id: int) -> dict[str, int]:
    """How many texts a supporter's message can begin with, by the language of the call."""
    newest = (
        select(CampaignText.language, func.max(CampaignText.version).label("version"))
        .where(CampaignText.campaign_id == campaign_id)
        .group_by(CampaignText.language)
        .subquery()
    )
    rows = session.execute(
        select(CampaignText.language, CampaignText.content)
        .join(
            newest,
            (CampaignText.language == newest.c.language)
            & (CampaignText.version == newest.c.version),
        )
        .where(CampaignText.campaign_id == campaign_id)
    )
    found = {code: len(stored_json.read(content, _WithMessages).messages) for code, content in rows}
    return {code: found[code] for code in languages(session, campaign_id)}


class _Asked(NamedTuple):
    """One question of a version of the call."""

    purpose: str
    required: bool
    consent_text_id: int
    wording: str


def _questions(session: Session, text_id: int) -> list[_Asked]:
    """What the form of that version asks, in order."""
    rows = session.execute(_questions_of(), {"text": text_id})
    return [_Asked(*row) for row in rows]


@cache
def _questions_of() -> Select[str, bool, int, str]:
    return (
        select(
            CampaignQuestion.purpose,
            CampaignQuestion.required,
            CampaignQuestion.consent_text_id,
            ConsentText.wording,
        )
        .join(ConsentText, ConsentText.id == CampaignQuestion.consent_text_id)
        .where(CampaignQuestion.campaign_text_id == bindparam("text"))
        .order_by(CampaignQuestion.id)
    )


def _call(content: str, asked: Iterable[_Asked]) -> CampaignContent:
    """The words that were kept; the questions in the words of their own rows."""
    words = stored_json.read(content, CampaignWords)
    return CampaignContent(
        **msgspec.structs.asdict(words),
        consents={
            each.purpose: consent.question(each.purpose, each.wording, required=each.required)
            for each in asked
        },
    )

"""Campaigning: loading a call from its folder of files, opening and closing it."""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from petition import i18n
from petition.domain.campaign import CLOSED, OPEN, Call, CampaignFile, Target
from petition.domain.consent import Questions, SignQuestion, UpdatesQuestion, VisibilityQuestion
from petition.domain.target import PatternRefused, PatternTooWide, pattern
from petition.errors import ContentError
from petition.store import campaigns, targets

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\Z")
LANGUAGE = re.compile(r"[a-z]{2,3}\Z")
TAKEN = frozenset(
    {
        "staff",
        "code",
        "confirm",
        "my",
        "stop",
        "unsubscribe",
        "static",
        "embed",
        "oembed",
        "api",
        "dev",
    }
)


def load(
    session: Session, folder: Path, *, organiser: str | None, at: datetime
) -> tuple[str, bool]:
    """Put a call's files into the database: (slug, whether anything changed).

    Again and again without harm. Raises ContentError with the file and what is wrong.
    """
    file = read(folder, organiser=organiser)
    return file.slug, _save(session, file, at)


def load_and_open_new(
    session: Session, folder: Path, *, organiser: str | None, at: datetime
) -> str:
    """Load a call, and open it if it was not there before: its slug."""
    file = read(folder, organiser=organiser)
    is_new = not campaigns.exists(session, file.slug)
    _save(session, file, at)
    if is_new:
        campaigns.set_state(session, file.slug, OPEN, at=at)
    return file.slug


def _save(session: Session, file: CampaignFile, at: datetime) -> bool:
    changed = campaigns.save(session, file, at=at)
    campaign_id = campaigns.by_slug(session, file.slug).id
    return targets.offer(session, campaign_id, file.target_domains) or changed


def open_(session: Session, slug: str, *, at: datetime) -> bool:
    """Let signatures in; True when it was not open. Raises NotFound."""
    return campaigns.set_state(session, slug, OPEN, at=at)


def close(session: Session, slug: str, *, at: datetime) -> bool:
    """Take no more signatures; the count stays. True when it was not closed. Raises NotFound."""
    return campaigns.set_state(session, slug, CLOSED, at=at)


def read(folder: Path, *, organiser: str | None) -> CampaignFile:
    """The folder as a campaign, with {organiser} filled in: consent texts name who asks.

    None: a word for it, in each language.
    """
    path = folder / "campaign.toml"
    facts = _toml(path)
    slug = _text(facts, "slug", path)
    if not SLUG.match(slug) or slug in TAKEN:
        raise ContentError(f"{path}: slug takes a-z, 0-9 and dashes, and no address of ours")
    goal = facts.get("goal")
    if not isinstance(goal, int) or goal < 1:
        raise ContentError(f"{path}: goal takes a whole number from 1")
    aims = tuple(
        Target(name=_text(target, "name", path), email=_text(target, "email", path))
        for target in facts.get("targets", [])
    )
    if not aims:
        raise ContentError(f"{path}: at least one [[targets]] is needed")
    spoken = sorted(
        each for each in folder.iterdir() if each.is_dir() and LANGUAGE.match(each.name)
    )
    for place in spoken:
        if place.name not in i18n.codes():
            # The page around the call (labels, errors, letters) would have no words.
            raise ContentError(f"{place}: the house has no catalogue for this language")
    calls = {
        place.name: _call(place, i18n.language(place.name).organiser(organiser)) for place in spoken
    }
    default = _text(facts, "default_language", path)
    if default not in calls:
        raise ContentError(f"{path}: there is no folder for the default language {default}")
    ordered = {default: calls.pop(default), **calls}
    return CampaignFile(
        slug=slug,
        default_language=default,
        goal=goal,
        targets=aims,
        target_domains=_patterns(facts, path),
        calls=ordered,
    )


def _patterns(facts: dict[str, Any], path: Path) -> tuple[str, ...]:
    if "target_domains" not in facts:
        return ()
    try:
        found = [pattern(text) for text in _texts(facts, "target_domains", path)]
    except (PatternRefused, PatternTooWide) as error:
        raise ContentError(f"{path}: target_domains: {error}") from None
    return tuple(dict.fromkeys(found))


def _call(folder: Path, organiser: str) -> Call:
    path = folder / "call.toml"
    words = _filled(_toml(path), organiser)
    story = folder / "story.md"
    questions = _table(words, "consents", path)
    sign, updates, visibility = (
        _table(questions, name, path) for name in ("sign", "updates", "visibility")
    )
    call = Call(
        title=_text(words, "title", path),
        ask=_text(words, "ask", path),
        summary=_text(words, "summary", path),
        asks=_texts(words, "asks", path),
        addressed_to=_text(words, "addressed_to", path),
        share_text=_text(words, "share_text", path),
        references=_texts(words, "references", path),
        story=_filled(_read(story), organiser),
        consents=Questions(
            sign=SignQuestion(statement=_text(sign, "statement", path)),
            updates=UpdatesQuestion(
                **{name: _text(updates, name, path) for name in ("question", "yes", "no")}
            ),
            visibility=VisibilityQuestion(
                **{
                    name: _text(visibility, name, path)
                    for name in ("question", "counted", "target", "public")
                }
            ),
        ),
    )
    _check_marks(call, story)
    return call


def _check_marks(call: Call, path: Path) -> None:
    marks = {int(number) for number in re.findall(r"\[(\d+)\]", call.story)}
    beyond = sorted(number for number in marks if not 1 <= number <= len(call.references))
    if beyond:
        raise ContentError(f"{path}: there is no reference {beyond[0]}")


def _filled(value: Any, organiser: str) -> Any:
    if isinstance(value, str):
        return value.replace("{organiser}", organiser)
    if isinstance(value, list):
        return [_filled(item, organiser) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, organiser) for key, item in value.items()}
    return value


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError as error:
        raise ContentError(f"{path}: {error}") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: cannot be read ({type(error).__name__})") from None


def _table(table: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    value = table.get(name)
    if not isinstance(value, dict):
        raise ContentError(f"{path}: [{name}] is missing")
    return value


def _text(table: dict[str, Any], name: str, path: Path) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ContentError(f"{path}: {name} is missing")
    return value.strip()


def _texts(table: dict[str, Any], name: str, path: Path) -> tuple[str, ...]:
    value = table.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise ContentError(f"{path}: {name} takes a list of texts")
    return tuple(value)

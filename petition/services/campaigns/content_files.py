"""Content files: loading a campaign from its folder, opening and closing it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from petition import i18n, structs
from petition.domain.campaigns import colours
from petition.domain.campaigns.campaign import (
    CLOSED,
    OPEN,
    CampaignContent,
    CampaignFile,
    Outcome,
    RiskWords,
    ShareTexts,
    Update,
)
from petition.domain.campaigns.form_fields import OFF, OPTIONAL, FormFields, Wanted
from petition.domain.campaigns.loading import DOMAINS, EVERYTHING, Change, Loaded
from petition.domain.campaigns.presentation import Presentation
from petition.domain.campaigns.target_domains import PatternRefused, PatternTooWide, pattern
from petition.domain.messages.message import Variant, Writing
from petition.domain.signatures import consent
from petition.domain.signatures.consent import Question
from petition.errors import ContentError
from petition.services.campaigns import dated_texts, message_tables
from petition.services.campaigns.dated_texts import DatedTable
from petition.services.campaigns.drawings import drawing
from petition.services.campaigns.message_tables import MessageTable, TargetTable
from petition.store.campaigns import campaigns, target_domains
from petition.store.db import Session
from petition.store.messages import targets

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\Z")
PURPOSE = re.compile(r"[a-z][a-z_]{0,19}\Z")
LANGUAGE = re.compile(r"[a-z]{2,3}\Z")
TO_COME = frozenset(
    {
        "api",
        "badge",
        "dev",
        "embed",
        "live",
        "metrics",
        "oembed",
        "press",
    }
)
"""Addresses of ours that not every instance has, or none has yet."""


T = TypeVar("T")  # Python 3.11 has no other way to say it

_TAKES: Final = {
    "goal": "goal takes a whole number from 1",
    "targets": "at least one [[targets]] is needed",
    "target_domains": "target_domains takes a list of texts",
    "asks": "asks takes a list of texts",
    "references": "references takes a list of texts",
    "consents": "[consents] is missing",
    "form": "[form] takes family_name, postcode and comment",
    "family_name": '[form] family_name takes "on" or "off"',
    "postcode": '[form] postcode takes "off", "optional" or "required"',
    "comment": '[form] comment takes "off", "optional" or "required"',
    "share": "[share] takes chat, post and email",
    "at_risk": "at_risk takes true or false; its words are a table [at_risk] in call.toml",
    "timeline": "timeline takes tables, each [[timeline]] with date and text",
    "outcome": "outcome takes one table, [outcome] with date and text",
    "writing": "[writing] takes questions, insults and consent",
    "questions": "[writing] questions takes a list of texts",
    "insults": "[writing] insults takes a list of texts",
    "messages": "messages takes tables, each [[messages]] with subject and body",
    "message": "[message] takes enabled, choice, wave and together",
    "together": "[message] together takes true or false",
    "enabled": "[message] enabled takes true or false",
    "choice": '[message] choice takes "all", "offices" or "one"',
    "wave": "[message] wave takes a whole number from 1",
    "an_hour": "targets: an_hour takes a whole number",
    "a_day": "targets: a_day takes a whole number",
    "mode": 'targets: mode takes "single" or "digest"',
}
"""Field to what is said when it holds something else; of every other one, that it is missing."""


class FamilyName(StrEnum):
    """As campaign.toml says it: nobody can be made to give one."""

    ON = "on"
    OFF = "off"


class FormTable(msgspec.Struct, frozen=True, kw_only=True):
    """[form] of campaign.toml: what is asked beyond given name, address and country."""

    family_name: FamilyName = FamilyName.ON
    postcode: Wanted = OFF
    comment: Wanted = OPTIONAL

    def fields(self) -> FormFields:
        return FormFields(
            family_name=OPTIONAL if self.family_name == FamilyName.ON else OFF,
            postcode=self.postcode,
            comment=self.comment,
        )


class CampaignTable(msgspec.Struct, frozen=True, kw_only=True):
    """campaign.toml; keys that we do not know are passed over."""

    slug: str = ""
    default_language: str = ""
    goal: int = 0
    targets: tuple[TargetTable, ...] = ()
    form: FormTable = FormTable()
    target_domains: tuple[str, ...] = ()
    organiser: str = ""
    at_risk: bool = True
    accent: str = ""
    picture: str = ""
    logo: str = ""
    message: MessageTable = MessageTable()


class CallTable(msgspec.Struct, frozen=True, kw_only=True):
    """call.toml of one language."""

    title: str = ""
    ask: str = ""
    summary: str = ""
    asks: tuple[str, ...] = ()
    addressed_to: str = ""
    share_text: str = ""
    references: tuple[str, ...] = ()
    share: ShareTexts = ShareTexts()
    picture_alt: str = ""
    sensitive: str = ""
    at_risk: RiskWords = RiskWords()
    timeline: tuple[DatedTable, ...] = ()
    outcome: DatedTable | None = None
    messages: tuple[Variant, ...] = ()
    writing: Writing = Writing()
    consents: dict[str, object] = {}
    """Purpose to its table, which is a QuestionTable."""


class QuestionTable(msgspec.Struct, frozen=True, kw_only=True):
    """One table of [consents]."""

    statement: str | None = None
    """None: it is a question with answers."""
    question: str = ""
    required: bool = True
    yes: str = ""
    no: str = ""
    counted: str = ""
    target: str = ""
    public: str = ""


@dataclass(frozen=True)
class Words:
    """Reads the texts of one file, with {organiser} filled in. Raises ContentError."""

    path: Path
    organiser: str | None = None
    """None: the file names none."""

    def text(self, name: str, value: str) -> str:
        """A text that must be there, without the blanks around it."""
        if not (found := self.filled(value).strip()):
            raise ContentError(f"{self.path}: {name} is missing")
        return found

    def texts(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """A list, which may be empty."""
        return tuple(self.filled(value) for value in values)

    def filled(self, text: str) -> str:
        return text if self.organiser is None else text.replace("{organiser}", self.organiser)


def load(
    session: Session,
    folder: Path,
    *,
    organiser: str | None,
    at: datetime,
    places: Collection[str] = frozenset(),
    is_shipped: bool = False,
) -> Loaded:
    """Put a call's files into the database, as staff say: they win over whatever is there.

    What they change is staff's own from then on; with `is_shipped` it is the program's again.
    Again and again without harm. Raises ContentError with the file and what is wrong.
    """
    file = read(folder, organiser=organiser, places=places)
    done = _save(session, file, at)
    campaign_id = campaigns.by_slug(session, file.slug).id
    if is_shipped:
        campaigns.forget_edits(session, campaign_id)
    elif done.is_new:
        campaigns.note_edits(session, campaign_id, [EVERYTHING])
    else:
        campaigns.note_edits(session, campaign_id, [each.item for each in done.changed])
    return done


def load_and_open_new(
    session: Session,
    folder: Path,
    *,
    organiser: str | None,
    at: datetime,
    places: Collection[str] = frozenset(),
) -> Loaded:
    """Load a shipped call, and open it if it was not there before. Raises ContentError.

    What staff changed stays as they have it.
    """
    file = read(folder, organiser=organiser, places=places)
    done = _save(session, file, at, keep_edits=True)
    if done.is_new:
        campaigns.set_state(session, file.slug, OPEN, at=at)
    return done


def _save(
    session: Session, file: CampaignFile, at: datetime, *, keep_edits: bool = False
) -> Loaded:
    done = campaigns.save(session, file, at=at, keep_edits=keep_edits)
    campaign_id = campaigns.by_slug(session, file.slug).id
    targets.sync(session, campaign_id, at=at)
    if not target_domains.offer(session, campaign_id, file.target_domains):
        return done
    return replace(done, changed=(*done.changed, Change(item=DOMAINS)))


def open_(session: Session, slug: str, *, at: datetime) -> bool:
    """Let signatures in; True when it was not open. Raises NotFound."""
    return campaigns.set_state(session, slug, OPEN, at=at)


def close(session: Session, slug: str, *, at: datetime) -> bool:
    """Take no more signatures; the count stays. True when it was not closed. Raises NotFound."""
    return campaigns.set_state(session, slug, CLOSED, at=at)


def taken_by(slug: str, places: Collection[str]) -> str | None:
    """What is at the address of this slug instead of its campaign; None when nothing is.

    `places` are the first parts of the addresses that are served.
    """
    if len(slug) == 2 or slug in i18n.codes():
        return "for the pages of a language"
    if slug in places or slug in TO_COME:
        return "an address of ours"
    return None


def read(
    folder: Path, *, organiser: str | None, places: Collection[str] = frozenset()
) -> CampaignFile:
    """The folder as a campaign, with {organiser} filled in: consent texts name who asks.

    None: a word for it, in each language. `places` are the first parts of the addresses that are
    served, which no slug may be.
    """
    path = folder / "campaign.toml"
    facts = _table(_toml(path), CampaignTable, path)
    words = Words(path)
    slug = words.text("slug", facts.slug)
    if not SLUG.match(slug):
        raise ContentError(f"{path}: slug takes a-z, 0-9 and dashes")
    if why := taken_by(slug, places):
        raise ContentError(f"{path}: slug: /{slug} is {why}; take another word")
    if facts.goal < 1:
        raise ContentError(f"{path}: {_TAKES['goal']}")
    aims = message_tables.targets(facts.targets, facts.message, path)
    if not aims:
        raise ContentError(f"{path}: {_TAKES['targets']}")
    spoken = sorted(
        each for each in folder.iterdir() if each.is_dir() and LANGUAGE.match(each.name)
    )
    for place in spoken:
        if place.name not in i18n.codes():
            # The page around the call (labels, errors, letters) would have no words.
            raise ContentError(
                f"{place}: Petition does not speak this language yet: its buttons, messages and"
                f" letters are translated into {', '.join(sorted(i18n.codes()))}. How a language"
                " is added stands in docs/languages.md"
            )
    presentation = _presentation(folder, facts, path)
    name = presentation.organiser or organiser
    calls = {
        place.name: _call(place, i18n.language(place.name).organiser(name), facts)
        for place in spoken
    }
    default = words.text("default_language", facts.default_language)
    if default not in calls:
        raise ContentError(f"{path}: there is no folder for the default language {default}")
    ordered = {default: calls.pop(default), **calls}
    return CampaignFile(
        slug=slug,
        default_language=default,
        goal=facts.goal,
        targets=aims,
        target_domains=_patterns(facts, words),
        calls=ordered,
        presentation=presentation,
    )


def _presentation(folder: Path, facts: CampaignTable, path: Path) -> Presentation:
    """What the campaign brings along beside its words. Raises ContentError."""
    if facts.accent:
        try:
            colours.check_accent(facts.accent)
        except colours.ColourRefused as error:
            raise ContentError(f"{path}: accent: {error}") from None
    return Presentation(
        organiser=facts.organiser.strip(),
        at_risk=facts.at_risk,
        accent=facts.accent.lower(),
        picture=drawing(_beside(folder, facts.picture, path)) if facts.picture else None,
        logo=drawing(_beside(folder, facts.logo, path)) if facts.logo else None,
        message=facts.message.settings(path),
    )


def _beside(folder: Path, name: str, path: Path) -> Path:
    """A file of the campaign's own folder. Raises ContentError for any other."""
    found = folder / name
    if not found.resolve().is_relative_to(folder.resolve()):
        raise ContentError(f"{path}: {name} lies outside the campaign's folder")
    return found


def _patterns(facts: CampaignTable, words: Words) -> tuple[str, ...]:
    try:
        found = [pattern(text) for text in words.texts(facts.target_domains)]
    except (PatternRefused, PatternTooWide) as error:
        raise ContentError(f"{words.path}: target_domains: {error}") from None
    return tuple(dict.fromkeys(found))


def _call(folder: Path, organiser: str, facts: CampaignTable) -> CampaignContent:
    path = folder / "call.toml"
    table = _table(_toml(path), CallTable, path)
    words = Words(path, organiser)
    story = folder / "story.md"
    told = msgspec.structs.asdict(table.share)
    if not table.consents:
        raise ContentError(f"{path}: [consents] is missing")
    call = CampaignContent(
        title=words.text("title", table.title),
        ask=words.text("ask", table.ask),
        summary=words.text("summary", table.summary),
        asks=words.texts(table.asks),
        addressed_to=words.text("addressed_to", table.addressed_to),
        share_text=words.text("share_text", table.share_text),
        references=words.texts(table.references),
        story=words.filled(_read(story)),
        fields=facts.form.fields(),
        share=ShareTexts(**{name: words.filled(text).strip() for name, text in told.items()}),
        picture_alt=words.filled(table.picture_alt).strip(),
        sensitive=words.filled(table.sensitive).strip(),
        at_risk=_risk_words(table.at_risk, words),
        timeline=tuple(
            dated_texts.report(each, words.text("timeline: text", each.text), path)
            for each in table.timeline
        ),
        updates=_updates(folder / "updates", organiser),
        outcome=_outcome(table.outcome, words),
        messages=message_tables.variants(
            [
                Variant(subject=words.filled(each.subject), body=words.filled(each.body))
                for each in table.messages
            ],
            facts.message,
            path,
        ),
        writing=message_tables.writing(
            Writing(
                questions=words.texts(table.writing.questions),
                insults=table.writing.insults,
                consent=words.filled(table.writing.consent),
            ),
            path,
        ),
        consents={
            purpose: _question(table.consents.get(purpose), purpose, words)
            for purpose in dict.fromkeys((*consent.PURPOSES, *table.consents))
        },
    )
    _check_marks(call, story)
    return call


def _outcome(table: DatedTable | None, words: Words) -> Outcome | None:
    if table is None:
        return None
    return dated_texts.outcome(table, words.text("outcome: text", table.text), words.path)


def _risk_words(table: RiskWords, words: Words) -> RiskWords:
    filled = {
        name: words.filled(text).strip() for name, text in msgspec.structs.asdict(table).items()
    }
    return RiskWords(**filled)


def _updates(folder: Path, organiser: str) -> tuple[Update, ...]:
    """The news in that folder, if there is one, the newest first. Raises ContentError."""
    files = sorted(folder.glob("*.md"), reverse=True) if folder.is_dir() else []
    return tuple(
        dated_texts.update(file, Words(file, organiser).filled(_read(file))) for file in files
    )


def _question(table: object, purpose: str, words: Words) -> Question:
    """One table of [consents]: a statement to tick, or a question with its answers."""
    path = words.path
    if not PURPOSE.match(purpose):
        raise ContentError(f"{path}: [consents.{purpose}]: a purpose takes 1-20 of a-z and _")
    if purpose == consent.WRITING:
        raise ContentError(f"{path}: [consents.{purpose}]: this one stands in [writing] consent")
    asked = _table(table, QuestionTable, path, purpose)
    is_further = purpose not in consent.PURPOSES
    required = asked.required or not is_further
    values: tuple[str, ...]
    if purpose == consent.SIGN or (is_further and asked.statement is not None):
        text, values = words.text("statement", asked.statement or ""), ()
    else:
        text, values = words.text("question", asked.question), consent.answers_to(purpose)
    answers = tuple((value, words.text(value, getattr(asked, value))) for value in values)
    found = Question(purpose=purpose, text=text, answers=answers, required=required)
    if found != consent.question(purpose, found.wording(), required=required):
        raise ContentError(f"{path}: [consents.{purpose}]: no line may begin with [ and an answer")
    return found


def _check_marks(call: CampaignContent, path: Path) -> None:
    news = (each.text for each in call.updates)
    texts = (call.story, *news, *(each.text for each in call.timeline))
    marks = {int(number) for text in texts for number in dated_texts.MARK.findall(text)}
    beyond = sorted(number for number in marks if not 1 <= number <= len(call.references))
    if beyond:
        raise ContentError(f"{path}: there is no reference {beyond[0]}")


def _toml(path: Path) -> object:
    try:
        return tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError as error:
        raise ContentError(f"{path}: {error}") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: cannot be read ({type(error).__name__})") from None


def _table(table: object, of: type[T], path: Path, purpose: str = "") -> T:
    """The table as its type; `purpose` is that of a question."""
    try:
        return structs.convert(table, of)
    except msgspec.ValidationError as error:
        raise ContentError(f"{path}: {_wrong(str(error), purpose)}") from None


def _wrong(error: str, purpose: str) -> str:
    """What is wrong with a table, in our words: the error ends with the place of the field."""
    place = error.rpartition("`$")[2]
    fields = re.findall(r"\.(\w+)", place)
    if not fields:
        return f"[{purpose}] is missing"
    if fields[-1] == "required":
        return f"[consents.{purpose}]: required takes true or false"
    return _TAKES.get(fields[-1], f"{fields[-1]} is missing")

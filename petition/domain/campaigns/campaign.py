"""A campaign: the call's words in each language, its target, its goal and its dates."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from petition.domain.campaigns.form_fields import FormFields
from petition.domain.campaigns.presentation import Presentation
from petition.domain.messages.digest import TargetMode
from petition.domain.messages.message import Variant, Writing
from petition.domain.signatures.consent import Question


class CampaignState(StrEnum):
    """Set by staff; a campaign that is open may still be before or past its own dates."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


DRAFT: Final = CampaignState.DRAFT
OPEN: Final = CampaignState.OPEN
CLOSED: Final = CampaignState.CLOSED
STATES: Final = tuple(CampaignState)

_SPOKEN: Final = re.compile(r"\[([a-z]{2,3})\]\s*(.+)", re.DOTALL)
_LINKED: Final = re.compile(r"\[(.+)\]\((https://[^\s()]+)\)", re.DOTALL)
"""`[words](address)`, as in Markdown."""


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom the campaign addresses; kept as JSON, so a field that is added has a default."""

    name: str
    email: str
    key: str = ""
    country: str = ""
    """Of an office of one country; as the form's countries are written."""
    time_zone: str = "UTC"
    an_hour: int = 30
    """At most so many messages of supporters go to it in an hour, and in a day."""
    a_day: int = 200
    mode: TargetMode = TargetMode.SINGLE
    language: str = ""
    """In which a digest is written; empty: the campaign's default."""

    @property
    def own_key(self) -> str:
        """What commands and counts call it: its key, or what its address begins with."""
        return self.key or self.email.partition("@")[0].casefold()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline; kept as JSON."""

    on: str
    """`2020`, `2020-10` or `2020-10-06`."""
    text: str
    """`[3]` is a footnote mark."""


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """News of the campaign; kept as JSON."""

    key: str
    """The file's name without its end: it begins with the day, and stays what it is."""
    on: str
    """The day, as `2026-05-04`."""
    title: str
    text: str
    """Markdown without headings."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a campaign; kept as JSON."""

    on: str
    """The day, as `2026-05-04`."""
    text: str
    """Markdown without headings."""


class RiskWords(msgspec.Struct, frozen=True, kw_only=True):
    """How people at risk take care, in one language; empty: the words of the catalogue."""

    device: str = ""
    """Below every page, and on the poster."""
    email: str = ""
    """At the field for the address."""
    comment: str = ""
    """At the field for the comment."""
    privacy: str = ""
    """At the end of the privacy notice."""


class ShareTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What people pass on, by the kind of place where it is said; empty: the call's share_text.

    Kept as JSON, so a field that is added has a default.
    """

    chat: str = ""
    """To somebody who knows the sender."""
    post: str = ""
    """To everybody, where texts are short."""
    email: str = ""


class CampaignWords(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The call in one language, without its questions.

    Kept as JSON, so a field that is added has a default, which is not written: what was kept before
    the field was there stays as it is.
    """

    title: str
    ask: str
    summary: str
    asks: tuple[str, ...]
    addressed_to: str
    share_text: str
    references: tuple[str, ...]
    """One that begins with `[en]` is in that language, not in the call's; one that is written as a
    Markdown link leads there."""
    story: str
    """Markdown; `[3]` is a footnote mark."""
    fields: FormFields = FormFields()
    """What the form asks that stands beside these words."""
    share: ShareTexts = ShareTexts()
    picture_alt: str = ""
    """Empty: the picture only adorns."""
    sensitive: str = ""
    """What a signature shows, as the privacy notice says it; empty: the words of the catalogue."""
    at_risk: RiskWords = RiskWords()
    timeline: tuple[Report, ...] = ()
    """The earliest first."""
    updates: tuple[Update, ...] = ()
    """The newest first."""
    outcome: Outcome | None = None
    messages: tuple[Variant, ...] = ()
    """What a supporter's message to a target begins with: one of these, in turn."""
    writing: Writing = Writing()


class CampaignContent(CampaignWords, frozen=True, kw_only=True):
    """The call in one language: every word that a supporter reads."""

    consents: dict[str, Question]
    """The questions of the form by their purpose, in the order in which answers are kept."""


@dataclass(frozen=True, kw_only=True)
class CampaignFile:
    """A campaign as its folder of files says it."""

    slug: str
    default_language: str
    goal: int
    targets: tuple[Target, ...]
    target_domains: tuple[str, ...]
    """Patterns of the target's own mail domains (domain/campaigns/target_domains.py)."""
    calls: dict[str, CampaignContent]
    presentation: Presentation = field(default_factory=Presentation)


@dataclass(frozen=True, kw_only=True)
class CampaignView:
    """A campaign as the database holds it, with one language's call."""

    id: int
    slug: str
    state: str
    goal: int
    opens_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None
    """When staff closed it; None while they have not."""
    retention_months: int
    default_language: str
    languages: tuple[str, ...]
    targets: tuple[Target, ...]
    language: str
    text_id: int
    call: CampaignContent
    consent_text_ids: dict[str, int]
    presentation: Presentation
    created_at: datetime

    def is_open(self, at: datetime) -> bool:
        """True when a signature may come in at that time."""
        return (
            self.state == OPEN
            and (self.opens_at is None or self.opens_at <= at)
            and (self.closes_at is None or at < self.closes_at)
        )

    def ended_at(self, at: datetime) -> datetime | None:
        """When it stopped taking signatures; None before that."""
        ends_at = self.ends_at
        return ends_at if ends_at is not None and ends_at <= at else None

    @property
    def ends_at(self) -> datetime | None:
        """When it stops taking signatures, as far as that is known."""
        return end_of(closed_at=self.closed_at, closes_at=self.closes_at)


def end_of(*, closed_at: datetime | None, closes_at: datetime | None) -> datetime | None:
    """A campaign ends when staff close it or by its own date, whichever comes first."""
    return min(filter(None, (closed_at, closes_at)), default=None)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A footnote of the story."""

    language: str | None
    """None: the call's own."""
    words: str
    url: str | None


def reference(text: str) -> Reference:
    """A reference as the content file writes it."""
    spoken = _SPOKEN.fullmatch(text)
    language, rest = (spoken[1], spoken[2]) if spoken else (None, text)
    linked = _LINKED.fullmatch(rest)
    words, url = (linked[1], linked[2]) if linked else (rest, None)
    return Reference(language=language, words=words, url=url)

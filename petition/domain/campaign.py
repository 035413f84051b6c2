"""A campaign: the call's words in each language, its target, its goal and its dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from petition.domain.consent import Questions

DRAFT: Final = "draft"
OPEN: Final = "open"
CLOSED: Final = "closed"

_SPOKEN: Final = re.compile(r"\[([a-z]{2,3})\]\s*(.+)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Whom the campaign addresses."""

    name: str
    email: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """The call in one language: every word that a supporter reads."""

    title: str
    ask: str
    summary: str
    asks: tuple[str, ...]
    addressed_to: str
    share_text: str
    references: tuple[str, ...]
    """One that begins with `[en]` is in that language, not in the call's."""
    story: str
    """Markdown; `[3]` is a footnote mark."""
    consents: Questions


@dataclass(frozen=True, kw_only=True)
class CampaignFile:
    """A campaign as its folder of files says it."""

    slug: str
    default_language: str
    goal: int
    targets: tuple[Target, ...]
    target_domains: tuple[str, ...]
    """Patterns of the target's own mail domains (domain/target.py)."""
    calls: dict[str, Call]


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
    call: Call
    consent_text_ids: dict[str, int]

    def is_open(self, at: datetime) -> bool:
        """True when a signature may come in at that time."""
        return (
            self.state == OPEN
            and (self.opens_at is None or self.opens_at <= at)
            and (self.closes_at is None or at < self.closes_at)
        )

    def ended_at(self, at: datetime) -> datetime | None:
        """When it stopped taking signatures, by staff or by its own date; None before that."""
        ends = (end for end in (self.closed_at, self.closes_at) if end is not None and end <= at)
        return min(ends, default=None)


def spoken(reference: str) -> tuple[str | None, str]:
    """(its language where it is not the call's, what it says)."""
    found = _SPOKEN.fullmatch(reference)
    return (found[1], found[2]) if found else (None, reference)

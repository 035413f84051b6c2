"""Moderation: the verdicts that staff may give on a public name and comment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What staff decided about one."""

    SHOWN = "shown"
    """Name, country and comment are on the page."""
    NAME_ONLY = "name_only"
    """Name and country are; the comment is not."""
    REFUSED = "refused"
    """Nothing is. The signature counts all the same."""


SHOWN: Final = Verdict.SHOWN
NAME_ONLY: Final = Verdict.NAME_ONLY
REFUSED: Final = Verdict.REFUSED

VERDICTS: Final = tuple(Verdict)
IN_PUBLIC: Final = (SHOWN, NAME_ONLY)


@dataclass(frozen=True, kw_only=True)
class NameFilter:
    """Which names somebody wants to read; what is None is not asked for."""

    language: str | None = None
    """Of the form."""
    country: str | None = None
    has_comment: bool | None = None
    """Asked of those that wait; those decided are listed whether or not they have one."""


ALL_NAMES: Final = NameFilter()

PUBLISHED_AT: Final = time(4)
"""The time of day, in UTC, at which the names approved since the day before appear together."""


def last_publication(at: datetime) -> datetime:
    """When names last appeared: those that were approved before it can be read at `at`."""
    today = datetime.combine(at.date(), PUBLISHED_AT, at.tzinfo)
    return today if today <= at else today - timedelta(days=1)

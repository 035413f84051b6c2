"""Loading: what a campaign's files change, and what of it is staff's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

EVERYTHING: Final = "*"
"""Stands for all items of a campaign: nobody knows which of them staff changed."""
DOMAINS: Final = "target_domains"
WORDS: Final = "words:"
"""Before a language: the item of its words."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One item of a campaign that its files say otherwise than the database."""

    item: str
    parts: tuple[str, ...] = ()
    """Of words: which of them."""
    is_staffs: bool = False
    """True when staff loaded what the database has."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What came of loading a campaign's files."""

    slug: str
    is_new: bool
    changed: tuple[Change, ...]
    kept: tuple[Change, ...]
    """What the files say otherwise, and was left as staff have it."""


def is_staffs(item: str, edited: Collection[str]) -> bool:
    """Whether staff's own loading made this item what it is."""
    return item in edited or EVERYTHING in edited

"""Source: where a signature came from, kept only when it cannot name a person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

TAGS: Final = ("source", "utm_source", "utm_medium", "utm_campaign")
"""The names of tags in an address."""
OURS: Final = frozenset(
    {
        "whatsapp",
        "telegram",
        "mastodon",
        "bluesky",
        "facebook",
        "x",
        "email",
        "copy",
        "device",
        "qr",
        "poster",
    }
)
"""What the links say that we offer for passing a call on."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}\Z")
_STUCK: Final = " \t\r\n.,;:!?()[]{}<>\"'`*|/\\&«»‹›“”„‘’‚…="
"""What the sentence around a link, or the mail that it came in, leaves at a tag's ends."""
_NEXT: Final = re.compile(r"&(?:amp;)*(?=[A-Za-z_]+=)")
"""Where the next part of a query begins that was written for a page, or escaped too often."""
_AGAIN: Final = re.compile(r"\A(?:amp;)+")
_TIMES: Final = 2


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the form stood, and the tags of the link that led there; None where there is none."""

    source: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    partner: str | None = None
    """The key of the partner on whose site the form stood: our own ticket says so, no link."""


def plain_tag(text: str | None) -> str | None:
    """The tag, or None: a tag that may hold an address or free text is dropped, not kept.

    What stuck to its ends on the way is no part of it; nothing else is ever taken off.
    """
    visible = "".join(char for char in text or "" if unicodedata.category(char) != "Cf")
    tag = _NEXT.split(_unescaped(visible))[0].strip(_STUCK)
    return tag if _PLAIN.match(tag) else None


def tags_in(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The plain tags among the names and values of a query, the first of each name."""
    found: dict[str, str] = {}
    for name, value in pairs:
        for part in _NEXT.split(_unescaped(f"{name}={value}")):
            own, _, tag = part.partition("=")
            own, plain = _AGAIN.sub("", own).strip(_STUCK).lower(), plain_tag(tag)
            if own in TAGS and plain is not None:
                found.setdefault(own, plain)
    return found


def _unescaped(text: str) -> str:
    """Without percent signs that were put there a second time."""
    for _ in range(_TIMES):
        if "%" in text:
            text = unquote(text)
    return text


def is_ours(tags: Mapping[str, str]) -> bool:
    """True without tags, and with nothing but one of OURS: such links are few, and much used."""
    return all(not tag or (name == "source" and tag in OURS) for name, tag in tags.items())

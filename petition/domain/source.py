"""Source: where a signature came from, kept only when it cannot name a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

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


@dataclass(frozen=True, kw_only=True)
class Source:
    """Campaign tags of the link that led here; None where nothing usable was given."""

    source: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None


def plain_tag(text: str | None) -> str | None:
    """The tag, or None: a tag that may hold an address or free text is dropped, not kept."""
    return text if text and _PLAIN.match(text) else None


def is_ours(tags: Mapping[str, str]) -> bool:
    """True without tags, and with nothing but one of OURS: such links are few, and much used."""
    return all(not tag or (name == "source" and tag in OURS) for name, tag in tags.items())

"""A supporter: which names we take, and when two addresses are the same person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

NAME_LENGTH: Final = 100
COMMENT_LENGTH: Final = 1000
POSTCODE_LENGTH: Final = 16

_LINK = re.compile(
    r"(?:https?:|www\.|[a-z0-9]//|\w@\w|[\w-]\.(?:com|net|org|io|ru|info|biz|xyz)\b)", re.I
)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """How a mail provider reads the local part, and under which domain it delivers."""

    domain: str
    same_as: str | None
    ignores_dots: bool
    ignores_tags: bool


def clean(text: str) -> str:
    """NFC, with every run of white space folded to one blank."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def clean_lines(text: str) -> str:
    """Like `clean`, line by line, with at most one empty line in a row."""
    lines = [clean(line) for line in text.replace("\r\n", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def has_control(text: str, *, allow: str = "") -> bool:
    """True when the text holds a control, an unpaired surrogate or a direction override.

    Joiners (U+200C, U+200D) stay: Persian and many Indian names need them.
    """
    if text.isascii() and text.isprintable():
        return False
    return any(
        unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
        or "\u202a" <= char <= "\u202e"
        or "\u2066" <= char <= "\u2069"
        for char in text
        if char not in allow
    )


def has_link(text: str) -> bool:
    """True when a name holds what mail programs would turn into a link or an address."""
    return _LINK.search(text) is not None


def has_letter(text: str) -> bool:
    """True when at least one character is a letter, of whatever script."""
    return any(unicodedata.category(char)[0] == "L" for char in text)


def canonical_address(local: str, domain: str, providers: Mapping[str, Provider]) -> str:
    """The form under which two spellings of one mailbox are equal.

    `local` as typed, `domain` as A-label (email-validator's `ascii_domain`): NFC, local part
    case-folded, dots and `+tags` dropped where the provider table says so.
    """
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).casefold())
    domain = domain.lower().rstrip(".")
    provider = providers.get(domain)
    if provider is None:
        return f"{local}@{domain}"
    if provider.ignores_tags:
        local = local.partition("+")[0] or local
    if provider.ignores_dots:
        local = local.replace(".", "") or local
    return f"{local}@{provider.same_as or domain}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """What a supporter tells of themselves; kept only sealed. Empty text means not given."""

    given_name: str
    family_name: str
    email: str
    postcode: str
    comment: str

"""The target's own mail domains: who works there may be read by their employer."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from email_validator import EmailNotValidError, validate_email

from petition.domain.signatures import email_typos
from petition.errors import PetitionError

LENGTH: Final = 253

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


class PatternRefused(PetitionError):
    """A domain is written like amazon.com, for it and all below it, or amazon.* for any ending."""


class PatternTooWide(PetitionError):
    """People everywhere have their private address there; they could no longer sign."""


def pattern(text: str) -> str:
    """The pattern as it is kept: lower case, A-labels. Raises PatternRefused or PatternTooWide.

    `name.tld` means that domain and all below it; `name.*` means that name followed by one or two
    last labels, as in name.de, name.co.uk and mail.name.com.
    """
    plain = text.strip().removeprefix("@").removeprefix("*.").rstrip(".")
    name, any_ending, rest = plain.partition(".*")
    kept = _a_label(f"{name}.com" if any_ending else plain)
    if kept is None or rest or len(kept) > LENGTH:
        raise PatternRefused
    if any_ending:
        kept = kept.removesuffix(".com")
        if not _NAME.match(kept):
            raise PatternRefused
        kept += ".*"
    if any(belongs(domain, (kept,)) for domain in email_typos.PROVIDERS):
        raise PatternTooWide
    return kept


def belongs(domain: str, patterns: Collection[str]) -> bool:
    """True when a mail domain is the target's own. `patterns` are as `pattern` gives them."""
    plain = domain.strip(".").lower()
    labels = (plain if plain.isascii() else _a_label(plain) or plain).split(".")
    meant = {".".join(labels[place:]) for place in range(len(labels) - 1)}
    meant |= {f"{label}.*" for label in labels[-3:-1]}
    return not meant.isdisjoint(patterns)


def _a_label(domain: str) -> str | None:
    """The domain as mail servers know it; None when no mail can go there."""
    try:
        return validate_email(f"x@{domain}", check_deliverability=False).ascii_domain.lower()
    except EmailNotValidError:
        return None

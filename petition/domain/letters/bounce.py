"""Bounces: our own table of what a mail server means, by its codes and, without one, its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final


class BounceClass(StrEnum):
    """What became of a letter, as far as a server or a mailbox said."""

    GONE = "gone"
    """Nobody has this mailbox."""
    FULL = "full"
    BLOCKED = "blocked"
    """They do not want mail from us: ours to mend."""
    DELAYED = "delayed"
    """They go on trying."""
    COMPLAINT = "complaint"
    """Its reader called it spam."""
    AUTO_REPLY = "auto_reply"
    UNKNOWN = "unknown"


GONE: Final = BounceClass.GONE
FULL: Final = BounceClass.FULL
BLOCKED: Final = BounceClass.BLOCKED
DELAYED: Final = BounceClass.DELAYED
COMPLAINT: Final = BounceClass.COMPLAINT
AUTO_REPLY: Final = BounceClass.AUTO_REPLY
UNKNOWN: Final = BounceClass.UNKNOWN

TOKEN_LIFE: Final = timedelta(days=7)
"""So long after a letter was sent its return path counts."""
GONE_AGAIN: Final = timedelta(days=1)
"""A mailbox is given up when it was gone twice, at least so far apart."""


@dataclass(frozen=True, kw_only=True)
class BounceReport:
    """What a mail says about a letter of ours."""

    kind: BounceClass
    is_final: bool
    """Nobody tries to deliver it any more."""
    recipients: frozenset[str] = frozenset()
    """Of whom it says so, as far as it names them."""


# By the enhanced code without its first digit (RFC 3463), the longest beginning first.
_BY_DETAIL: Final[tuple[tuple[str, BounceClass], ...]] = (
    ("1.10", GONE),  # the domain takes no mail
    ("1.1", GONE),
    ("1.2", GONE),
    ("1.3", GONE),
    ("1.6", GONE),  # moved
    ("1.0", GONE),
    ("1.7", BLOCKED),  # our own address
    ("1.8", BLOCKED),
    ("2.1", GONE),  # switched off
    ("2.2", FULL),
    ("4.1", GONE),  # as Microsoft's directory says it
    ("4.4", GONE),
    ("7.", BLOCKED),
)
_TEMPORARY: Final[tuple[tuple[str, BounceClass], ...]] = (("2.2", FULL), ("7.", BLOCKED))

# Where no enhanced code says it. First what is against us: such texts often name the user, too.
_BY_WORDS: Final[tuple[tuple[re.Pattern[str], BounceClass], ...]] = (
    (
        re.compile(
            r"spam|block(?:ed|list)|black-?list|denylist|reputation|polic(?:y|ies)|dmarc|\bspf\b"
            r"|\bdkim\b|\bdnsbl\b|\brbl\b|banned|not authori[sz]ed|authentication required"
            r"|relay(?:ing)? (?:not|access) (?:permitted|denied)|rate limit|too many",
            re.I,
        ),
        BLOCKED,
    ),
    (re.compile(r"quota|mailbox (?:is )?full|over ?quota|storage|insufficient disk", re.I), FULL),
    (
        re.compile(
            r"(?:user|recipient|mailbox|address|account)[^.\n]{0,60}"
            r"(?:unknown|not (?:found|exist)|does ?n[o']t|no longer|disabled|inactive"
            r"|unavailable|invalid|rejected)"
            r"|(?:no such|unknown|invalid) (?:user|recipient|mailbox|address|account)"
            r"|host (?:or domain name )?not found|domain[^.\n]{0,30}not (?:found|exist)",
            re.I,
        ),
        GONE,
    ),
)
_FULL_CODE: Final = 552
_GREYLISTED: Final = re.compile(r"gr[ea]y-?list", re.I)


def of_answer(code: int, detail: str, words: str = "") -> BounceClass:
    """What a server's answer means: its code, its enhanced code (`5.1.1`, or empty), its words."""
    subject = detail.partition(".")[2]
    if 400 <= code < 500 or detail.startswith("4."):
        if _GREYLISTED.search(words[:2000]):
            return DELAYED
        return _found(_TEMPORARY, subject) or DELAYED
    by_detail = _found(_BY_DETAIL, subject)
    if by_detail is not None:
        return by_detail
    for pattern, meant in _BY_WORDS:
        if pattern.search(words[:2000]):
            return meant
    return FULL if code == _FULL_CODE and not detail else UNKNOWN


def _found(table: tuple[tuple[str, BounceClass], ...], subject: str) -> BounceClass | None:
    for beginning, meant in table:
        if subject == beginning or (beginning.endswith(".") and subject.startswith(beginning)):
            return meant
    return None


_CODES: Final = re.compile(
    r"\b(?P<code>[245]\d\d)(?:[ -]+#?(?P<detail>[245]\.\d{1,3}\.\d{1,3}))?\b"
    r"|\b#?(?P<alone>[45]\.\d{1,3}\.\d{1,3})\b"
)


def of_text(text: str) -> BounceClass | None:
    """What a report in words means, by the first answer of a server in it; None without one."""
    for found in _CODES.finditer(text[:20_000]):
        code, detail = found["code"], found["detail"] or found["alone"] or ""
        number = int(code) if code else int(detail[0]) * 100
        if 400 <= number < 600:
            return of_answer(number, detail, text[found.start() : found.start() + 500])
    return None

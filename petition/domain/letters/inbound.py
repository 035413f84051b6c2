"""Inbound mail: what may come in by the one door, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from petition.domain.letters.bounce import BounceReport
from petition.domain.messages.reply import ReplyText

LARGEST: Final = 1024 * 1024
"""Bytes of one email that are kept; what comes after is not read."""
MOST_RECIPIENTS: Final = 20


class InboundOutcome(StrEnum):
    """What became of an email that came in; the words under which it is counted."""

    REPLY = "reply"
    """Of a target, passed on to its supporter."""
    OWN = "own"
    """Of a supporter, to an alias: they are told where to answer."""
    AUTO_REPLY = "auto_reply"
    LOOP = "loop"
    TOO_MANY = "too_many"
    """More answers to one message than are passed on in a day."""
    COMPLAINT = "complaint"
    GONE = "gone"
    FULL = "full"
    BLOCKED = "blocked"
    DELAYED = "delayed"
    UNKNOWN = "unknown"
    """A report, of which we do not know what it says."""
    NOWHERE = "nowhere"
    """To no address that is open: closed, over, erased or never made."""
    UNREADABLE = "unreadable"


OUTCOMES: Final = tuple(InboundOutcome)


@dataclass(frozen=True, kw_only=True)
class InboundMail:
    """One email that came in, as far as we look at it."""

    local_parts: tuple[str, ...]
    """Before the @ of our return domain: where it came to."""
    quoted: tuple[str, ...]
    """The same, of addresses that stand anywhere in it: what a report is about."""
    author: str
    """As From says; empty where it says nothing that we understand."""
    answers: frozenset[str]
    """What stands before the @ in the Message-IDs that it answers."""
    is_auto: bool
    is_loop: bool
    report: BounceReport | None
    text: ReplyText

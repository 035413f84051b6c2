"""The life of a signature: what can happen to one, as a line of its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """What happened."""

    SENT = "sent"
    SENT_AGAIN = "sent_again"
    """Another form with the same address."""
    CONFIRMED = "confirmed"
    ANSWERED = "answered"
    """Its person changed an answer."""
    UNSUBSCRIBED = "unsubscribed"
    LETTER = "letter"
    IN_LIST = "in_list"
    NAME_DECIDED = "name_decided"
    HELD = "held"
    REJECTED = "rejected"
    RESTORED = "restored"
    MOVED = "moved"
    """By staff, and nothing says any more how."""
    ERASURE_ASKED = "erasure_asked"
    ERASURE_CANCELLED = "erasure_cancelled"
    WITHDRAWN = "withdrawn"
    WITHDRAWAL_UNDONE = "withdrawal_undone"
    READ = "read"
    """On that day, by staff of a role."""
    OPENED = "opened"
    """By whom: for who may read the audit log."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line."""

    at: datetime
    kind: EventKind
    detail: str = ""
    """Of an answer the purpose, of a letter its kind, of a list its number, of a hold the reason,
    of a name the verdict, of a reader the role."""
    by: str | None = None
    """Which of staff; None for who may not know, and where it was none."""
    is_undo: bool = False
    """Somebody undid what staff had done before."""

"""Digests: one email a day to a target, with the messages of many supporters as one PDF."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class TargetMode(StrEnum):
    """How messages go to a target."""

    SINGLE = "single"
    """Each as an email of its own."""
    DIGEST = "digest"
    """All of a day in one."""


class DigestState(StrEnum):
    """How far a digest is."""

    PARKED = "parked"
    """It was being handed over, and nobody knows whether it was taken: never sent again."""
    SENT = "sent"
    BOUNCED = "bounced"
    QUEUED = "queued"
    """The server said no for now: its messages wait for the next one."""


LEAST_SENDERS: Final = 10
"""It waits for so many people: of fewer the target might guess who they are."""
MOST_MESSAGES: Final = 200
"""In one digest; the others wait for the next one."""

"""Steps: what of a message is counted."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Step(StrEnum):
    """What happened to a message."""

    COMPOSED = "composed"
    CONFIRMED = "confirmed"
    SENT = "sent"
    BOUNCED = "bounced"
    ANSWERED = "answered"
    """Its target wrote back."""
    OWN = "own"
    """Somebody said that they sent it from their own mailbox: in no public number."""


STEPS: Final = tuple(Step)


class By(StrEnum):
    """By what they are counted."""

    TARGET = "target"
    COUNTRY = "country"
    DAY = "day"
    VARIANT = "variant"
    PARTNER = "partner"
    """The key of the partner on whose site, or by whose link, its writer signed."""


TOTAL: Final = "total"

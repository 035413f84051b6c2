"""Why somebody needs another second factor: a short list, for the audit log takes no free words."""

from __future__ import annotations

from enum import StrEnum


class ResetReason(StrEnum):
    """What whoever makes the link chooses from."""

    LOST = "lost"
    """The device with the app is lost."""
    STOLEN = "stolen"
    """It was stolen, or somebody else has had it."""
    BROKEN = "broken"
    """It does not work any more."""
    REPLACED = "replaced"
    """It was replaced, and the app not moved along."""
    OTHER = "other"
    """None of these."""

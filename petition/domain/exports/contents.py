"""What a list holds, by the words that stand in its file's name and in the ledger."""

from __future__ import annotations

from enum import StrEnum


class Contents(StrEnum):
    """Lists that must never be taken for each other."""

    FULL = "full-confidential"
    """Everything, of everyone: for the organiser's own work."""
    FOR_TARGET = "for-target"
    """What people agreed to hand over, of those who agreed."""
    FOR_PARTNER = "for-partner"
    """Those who said yes to one partner, for that partner alone: always encrypted to its key."""

    @classmethod
    def of(cls, *, for_target: bool, partner: str | None) -> Contents:
        if partner is not None:
            return cls.FOR_PARTNER
        return cls.FOR_TARGET if for_target else cls.FULL

"""Why staff hold or reject a signature: a short list, which its person reads in their language."""

from __future__ import annotations

from enum import StrEnum


class HoldReason(StrEnum):
    """What staff choose from. No words of their own: these would be about a person."""

    MADE_UP = "made-up"
    """Name or details look made up."""
    MANY_ALIKE = "many-alike"
    """It came with many others that are alike."""
    SOMEBODY_ELSE = "somebody-else"
    """It seems to have been entered for somebody else."""
    ABUSIVE = "abusive"
    """It insults somebody, or advertises."""
    OTHER = "other"
    """None of these; whoever asks is told by the controller."""

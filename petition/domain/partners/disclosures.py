"""Disclosures: in which ways a partner's programs receive somebody, and what of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

FOR_PARTNER: Final = (
    "reference",
    "given_name",
    "family_name",
    "email",
    "country",
    "language",
    "answered_at",
)
"""What a partner receives of who said yes to it: as its arrangement says, and no more."""


class Way(StrEnum):
    """How a program of the partner's learned of somebody, beside the lists."""

    API = "api"
    """It read who said yes: name, address, country, language, and when."""
    WEBHOOK = "webhook"
    """It was told of the yes, by a reference of its own and nothing else."""
    FULL_WEBHOOK = "full"
    """It was told of the yes with everything that the API tells."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What it was told."""
        return FOR_PARTNER[:1] if self == Way.WEBHOOK else FOR_PARTNER

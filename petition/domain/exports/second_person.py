"""Second person: what nobody does alone, where the host has not said otherwise."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

ROWS_ALONE: Final = 1000
"""As many signatures may leave in a list without a second person."""
GOOD_FOR: Final = timedelta(days=1)
"""How long a request waits for the second person, and their yes for the first."""


class RequestState(StrEnum):
    """How far a request for a long list is."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    MADE = "made"


def needs_second(rows: int, *, setting: bool) -> bool:
    """Whether a list of so many signatures takes two."""
    return setting and rows > ROWS_ALONE

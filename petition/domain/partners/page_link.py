"""The link to a partner's own page: for how long it is good."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from petition.errors import PetitionError

DAYS: Final = 180
"""How long a link is good if nothing is said."""
MOST_DAYS: Final = 400


class DaysRefused(PetitionError):
    """A link to a partner's page is good for 1 to 400 days."""


def life(days: int) -> timedelta:
    """How long a link of so many days is good. Raises DaysRefused."""
    if not 0 < days <= MOST_DAYS:
        raise DaysRefused(f"a link is good for 1 to {MOST_DAYS} days")
    return timedelta(days=days)

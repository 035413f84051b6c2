"""A section of a partner: a branch with a link of its own, counted by the link's tag."""

from __future__ import annotations

import secrets
from typing import Final

from petition.errors import PetitionError

MOST_SECTIONS: Final = 100
"""That one partner can have."""

_RANDOM_BYTES: Final = 3


class TooManySections(PetitionError):
    """This partner has all the sections that it can have."""


class SectionExists(PetitionError):
    """This partner has a section of this name."""


def new_source(key: str) -> str:
    """The tag of a new section's link: the partner's key, and something that nobody has.

    The tag is kept with the signature, in clear, so the branch's name is no part of it.
    """
    return f"{key}.{secrets.token_hex(_RANDOM_BYTES)}"


def key_of(source: str) -> str:
    """The key of the partner that the tag of a link belongs to."""
    return source.partition(".")[0]

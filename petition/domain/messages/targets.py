"""Targets over time: what each did, and when it is written to no more."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from petition.errors import PetitionError


class Stand(StrEnum):
    """How a target stands towards what it is asked for; each with its day and proof."""

    ASKED = "asked"
    ANSWERED = "answered"
    PROMISED = "promised"
    """It agreed: it leaves the choice of those who are written to."""
    REFUSED = "refused"
    SILENT = "silent"


class Leaving(StrEnum):
    """Why staff let nobody write to a target any more."""

    EXCLUDED = "excluded"
    """For now: it stays in the public table of targets."""
    REPLACED = "replaced"
    """Another one of the campaign takes its place, and its queued messages."""
    RETIRED = "retired"
    """It is none of the campaign's targets any more."""


class Outcome(StrEnum):
    """What a supporter says came back, two weeks after."""

    NONE = "none"
    FORM = "form"
    """The same text for everybody."""
    REAL = "real"
    NOT_EXPECTED = "not_expected"


STANDS: Final = tuple(Stand)
LEAVINGS: Final = tuple(Leaving)
OUTCOMES: Final = tuple(Outcome)
ASK_AFTER: Final = timedelta(days=14)
"""How long after its sending a supporter is asked whether an answer came."""
NOTE_LENGTH: Final = 300
LINK_LENGTH: Final = 500
ANSWER_LENGTH: Final = 5000
LETTERS_ALONE: Final = 100
"""So many supporters one member of staff may have told by email alone."""
SECOND_WITHIN: Final = timedelta(days=1)
"""How long who asked for a target to be left waits for somebody else who agrees."""


class ProofRefused(PetitionError):
    """A state needs a link or a few words that show it."""


def proof_link(text: str) -> str:
    """The address of a page on the web, or nothing; raises ProofRefused for anything else."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise ProofRefused from None
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(' "<>\\^`{|}')
    if parts.scheme not in ("https", "http") or not host or "@" in parts.netloc or not is_plain:
        raise ProofRefused
    if len(text) > LINK_LENGTH:
        raise ProofRefused
    return text


def needs_second(people: int, *, setting: bool) -> bool:
    """Whether an email to so many supporters takes two of staff."""
    return setting and people > LETTERS_ALONE

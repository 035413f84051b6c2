"""What senders do, as far as it is limited."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

A_MINUTE: Final = timedelta(minutes=1)
AN_HOUR: Final = timedelta(hours=1)
LONGEST_WAIT: Final = timedelta(days=1)
"""A form whose letter would wait longer for its turn is not taken."""


class Action(StrEnum):
    """Counted by sender; the names stand in the database."""

    LETTER = "letter"
    """A form that makes us owe a letter: signing, and asking for a letter or a link."""
    CODE = "code"
    """A try of a code from a letter."""
    LINK_REQUEST = "link_request"
    """Asking for a letter once more, or for a link. It counts as LETTER too."""
    STAFF_SIGN_IN = "staff_sign_in"
    """A try of a password of staff."""
    OTHER = "other"
    """Every request for a page, of whatever kind."""

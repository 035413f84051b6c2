"""Replies: what a target answered, as its supporter may see it, and until when it may."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec

SUBJECT_LENGTH: Final = 200
BODY_LENGTH: Final = 20_000
NAME_LENGTH: Final = 60
MOST_NAMED: Final = 10
"""Parts that were left out and are named."""
ALIAS_LIFE: Final = timedelta(days=90)
"""So long after a message went out answers to it are passed on."""
MOST_A_DAY: Final = 10
"""Answers to one message that are passed on in a day."""


class LeftOut(StrEnum):
    """What of an answer is not passed on."""

    ATTACHMENT = "attachment"
    PICTURE = "picture"
    REMOTE = "remote"
    """A picture from elsewhere: loading it shows who reads, and when."""
    CALENDAR = "calendar"
    RECEIPT = "receipt"
    """They asked for a receipt, which would tell them of the reader."""
    HIDDEN = "hidden"
    """Text that no reader would see."""
    SCRIPT = "script"
    REST = "rest"
    """What came after the part of it that we keep."""


class Part(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One thing that was left out."""

    kind: LeftOut
    name: str = ""
    """Of a file."""


class ReplyText(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What of an answer is kept, sealed. A new field stands last and has a default."""

    subject: str
    body: str
    left_out: tuple[Part, ...] = ()
    has_links: bool = False

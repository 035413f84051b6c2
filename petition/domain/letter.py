"""Letters: their states, how often one mailbox is written to, and when a try is repeated."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

CONFIRM: Final = "confirm"
"""Owed for every form sent in; the worker decides by the signature's state what it says."""

OWED: Final = "owed"
SENT: Final = "sent"
FAILED: Final = "failed"
WITHHELD: Final = "withheld"

A_DAY: Final = 3
UNCONFIRMED_EVER: Final = 5

_PAUSES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 20, 60, 180, 360, 720, 1440, 1440)
)


def pause_after(attempts: int, jitter: float) -> timedelta | None:
    """How long to wait after the given number of tries; None when it is time to give up.

    `jitter` is from 0 to 1 and adds up to a quarter, so that letters do not come back in step.
    """
    if attempts > len(_PAUSES):
        return None
    return _PAUSES[attempts - 1] * (1 + 0.25 * jitter)

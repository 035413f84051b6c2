"""Entry ids: they grow with time, and tell nothing about how many forms came between two."""

from __future__ import annotations

import secrets
import threading
from datetime import datetime


class _EntryIds:
    """63-bit ids that grow with time: 41 bits of milliseconds since 1970, 22 random bits.

    Random, so that two links do not tell how many forms came between them. One process never
    draws an id twice. Two processes collide within one millisecond once in four million; the
    primary key then refuses the second form, whose sender is asked to try again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = 0
        self._drawn: set[int] = set()

    def __call__(self, at: datetime) -> int:
        millisecond = int(at.timestamp() * 1000)
        with self._lock:
            if millisecond != self._millisecond:
                self._millisecond = millisecond
                self._drawn.clear()
            low = secrets.randbits(22)
            while low in self._drawn:
                low = secrets.randbits(22)
            self._drawn.add(low)
        return (millisecond << 22 | low) & 0x7FFF_FFFF_FFFF_FFFF


new_entry_id = _EntryIds()


def first_id(at: datetime) -> int:
    """The smallest entry id of that millisecond."""
    return int(at.timestamp() * 1000) << 22

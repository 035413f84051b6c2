"""The brake: what no date and no setting lets a worker exceed, by a clock that nobody can set.

Caps stand in the database and count by the hours of the clock on the wall. Where that clock jumps,
each jump begins a new hour. This counts the real hours in which this process has run.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

AN_HOUR: Final = 3600.0
"""Seconds."""


class Brake:
    """At most so many for each key in any real hour of this process."""

    def __init__(self, most: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._monotonic = monotonic
        self._times: defaultdict[int, deque[float]] = defaultdict(deque)

    def holds(self, key: int) -> bool:
        """True where no more goes for now."""
        times, now = self._times[key], self._monotonic()
        while times and times[0] <= now - AN_HOUR:
            times.popleft()
        return len(times) >= self._most

    def note(self, key: int) -> None:
        """One more goes."""
        self._times[key].append(self._monotonic())

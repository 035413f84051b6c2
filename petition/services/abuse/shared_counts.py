"""Requests of every kind: counted in this process's memory, shared with the others in chunks.

Whoever looks at some pages is never in the database for it: only a sender who made a tenth of a
minute's limit in this process is. So a sender may make that tenth more for each process that runs;
and where the database is away, each process goes by its own count.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from secrets import token_bytes
from typing import Final

from petition.config import Limit
from petition.domain.abuse.actions import A_MINUTE, AN_HOUR
from petition.domain.abuse.senders import Network
from petition.services.abuse.limits import LimitResult, retry_after
from petition.store.db import DatabaseFault

CHUNKS: Final = 10
"""So many make up a minute's limit."""
CLOCKS_DIFFER: Final = timedelta(seconds=1)
"""Two requests at a time may not be counted in the order of their times."""
MOST_SENDERS: Final = 50_000
"""That a process remembers at a time; those that were quiet for longest are forgotten."""


class _Tally:
    """What one sender did here and nobody else knows yet."""

    __slots__ = ("number", "refused_at", "since", "until")

    def __init__(self, since: datetime) -> None:
        self.number = 0
        self.since = since
        self.refused_at = self.until = since
        """Refused from when, until when."""

    def is_over(self, at: datetime) -> bool:
        """While the time to wait lasts; a clock that was set back does not make it longer."""
        return self.refused_at - CLOCKS_DIFFER <= at < self.until


class SharedCounts:
    """One process's counts. `share` tells the database of so many more by the current sender."""

    def __init__(self, limit: Limit) -> None:
        self._most = min(limit.burst, limit.an_hour)
        self._chunk = max(1, self._most // CHUNKS)
        self._key = token_bytes(32)
        self._lock = threading.Lock()
        self._tallies: OrderedDict[bytes, _Tally] = OrderedDict()

    def count(
        self, network: Network, share: Callable[[int], LimitResult], *, at: datetime
    ) -> LimitResult:
        """Count one request of this network's."""
        with self._lock:
            tally = self._tally(network, at)
            if tally.is_over(at):
                return LimitResult(over=True, retry_after=retry_after(tally.until, at=at))
            tally.number += 1
            if tally.number % self._chunk:
                return LimitResult(over=False)
            number, tally.number = tally.number, 0
        return self._share(tally, number, share, at)

    def count_here(self, network: Network, *, at: datetime) -> bool:
        """Count one request that nobody else has to hear of; False when `count` has to do it."""
        with self._lock:
            tally = self._tally(network, at)
            if tally.is_over(at) or not (tally.number + 1) % self._chunk:
                return False
            tally.number += 1
            return True

    def _tally(self, network: Network, at: datetime) -> _Tally:
        # Not the address itself: what lies in memory may end in a crash's report.
        packed = network.network_address.packed
        key = blake2b(packed, key=self._key, digest_size=16).digest()
        tally = self._tallies.get(key)
        if tally is None or abs(at - tally.since) >= AN_HOUR:
            tally = self._tallies[key] = _Tally(at)
        self._tallies.move_to_end(key)
        if len(self._tallies) > MOST_SENDERS:
            self._tallies.popitem(last=False)
        return tally

    def _share(
        self, tally: _Tally, number: int, share: Callable[[int], LimitResult], at: datetime
    ) -> LimitResult:
        try:
            counted = share(number)
        except DatabaseFault:
            if number < self._most:
                with self._lock:
                    tally.number += number  # nobody else knows of them
                return LimitResult(over=False)
            counted = LimitResult(over=True, retry_after=int(A_MINUTE.total_seconds()))
        if counted.over:
            tally.refused_at, tally.until = at, at + timedelta(seconds=counted.retry_after)
        return counted

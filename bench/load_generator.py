"""The load generator: keep-alive connections to this machine, each sending one after the other.

The load shares two cores with what it measures, so it does as little as it can: requests are
ready bytes, an answer is looked at only for its status and its end.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from drills.http_client import ServerGone, answers

CONNECTIONS = 64
WARM_UP = 1.0
MOST_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How one thing went: how many a second, and the time that half and 99 of 100 stay under."""

    rate: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    statuses: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, times: list[float], seconds: float, statuses: Counter[int]) -> Measured:
        ordered = sorted(times)
        return cls(
            rate=len(ordered) / seconds,
            p50_ms=ordered[len(ordered) // 2] * 1000,
            p99_ms=ordered[len(ordered) * 99 // 100] * 1000,
            statuses=tuple(sorted(statuses.items())),
        )


def press(
    base: str,
    requests: Iterator[bytes],
    *,
    seconds: float,
    connections: int = CONNECTIONS,
) -> Measured:
    """Send requests as fast as they are answered, after WARM_UP seconds that do not count."""
    seconds = min(seconds, MOST_SECONDS)
    times: list[float] = []
    statuses: Counter[int] = Counter()
    begin = time.perf_counter() + WARM_UP
    end = begin + seconds
    until_then = itertools.takewhile(lambda _: time.perf_counter() < end, requests)
    for each in answers(base, zip(until_then, itertools.repeat(None)), connections=connections):
        if begin <= each.ended < end:
            times.append(each.ended - each.began)
            statuses[int(each.answer[9:12])] += 1
    if not times:
        raise ServerGone(f"no answer within {seconds:.0f} s")
    return Measured.of(times, seconds, statuses)

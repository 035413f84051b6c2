"""Comparing: how well the time of an answer tells to which of two classes an address belongs."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

LOWEST, HIGHEST = 0.47, 0.53
"""Between these, a guess by time is right 53 times in 100 at best; by tossing a coin, 50 times."""
WIDEST_MS: Final = 0.5
"""How far the two middles may lie apart, where requests do not wait for each other."""


def middle(times: Sequence[float]) -> float:
    """The mean of the half in the middle, without the earliest and the latest quarter.

    Answers lie on steps of 5 ms. A median falls on one step or on the next by chance where half
    of them lie on each; this moves as far as the share on the later step does.
    """
    quarter = len(times) // 4
    return fmean(sorted(times)[quarter : len(times) - quarter])


def auc(first: Sequence[float], second: Sequence[float]) -> float:
    """The area under the ROC curve, by rank sum: how often a value of `second` is the larger of
    a pair with one of `first`. Equal ones count half; 0.5 is no difference.
    """
    ordered = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks, position = 0.0, 0
    for _, equal in itertools.groupby(ordered, key=lambda pair: pair[0]):
        tied = [of for _, of in equal]
        ranks += sum(tied) * (position + (len(tied) + 1) / 2)
        position += len(tied)
    least = len(second) * (len(second) + 1) / 2
    return (ranks - least) / (len(first) * len(second))


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two classes, and what the time tells about them."""

    first: str
    second: str
    auc: float
    apart_ms: float
    widest_ms: float = WIDEST_MS

    @property
    def side(self) -> int:
        """-1 or 1 when the second answers too fast or too slowly, else 0."""
        if LOWEST <= self.auc <= HIGHEST and abs(self.apart_ms) <= self.widest_ms:
            return 0
        return 1 if self.auc > 0.5 else -1

    def __str__(self) -> str:
        return f"{self.first}/{self.second} AUC {self.auc:.3f}, middles {self.apart_ms:+.2f} ms"


def compare(times: Mapping[str, Sequence[float]], *, widest_ms: float = WIDEST_MS) -> list[Pair]:
    """Every pair of classes; times are seconds."""
    middles = {name: middle(found) * 1000 for name, found in times.items()}
    return [
        Pair(
            first=first,
            second=second,
            auc=auc(times[first], times[second]),
            apart_ms=middles[second] - middles[first],
            widest_ms=widest_ms,
        )
        for first, second in itertools.combinations(times, 2)
    ]


def twice(before: Sequence[Pair], again: Sequence[Pair]) -> list[Pair]:
    """The pairs that are outside in both measurements, and on the same side."""
    sides = {(pair.first, pair.second): pair.side for pair in before}
    return [pair for pair in again if pair.side and pair.side == sides[pair.first, pair.second]]

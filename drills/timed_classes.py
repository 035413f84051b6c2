"""Timed classes: the times of answers to several classes of addresses, and what they tell."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from drills.comparing import Pair, middle


@dataclass
class Measured:
    """One form, asked for addresses of all classes."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[bytes] = field(default_factory=Counter)
    pairs: list[Pair] = field(default_factory=list)

    def of(self, classes: Iterable[str]) -> list[float]:
        """The times of some classes together."""
        return [time for each in classes for time in self.times[each]]

    @property
    def outside(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.side]

    def span(self) -> str:
        """The smallest and the largest AUC."""
        found = [pair.auc for pair in self.pairs]
        return f"{min(found):.3f}–{max(found):.3f}"

    def __str__(self) -> str:
        usual = middle(self.of(self.times)) * 1000
        apart = max(abs(pair.apart_ms) for pair in self.pairs)
        return f"middle {usual:.2f} ms, AUC {self.span()}, middles at most {apart:.2f} ms apart"

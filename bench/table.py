"""The table that a benchmark prints, and whether it reached its targets."""

from __future__ import annotations

import platform
import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from bench.load_generator import Measured


@dataclass(frozen=True, kw_only=True)
class Target:
    """A ratio that must be reached, or (at_most) not exceeded."""

    name: str
    value: float
    bound: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        verdict = "ok" if self.met else "MISSED"
        return f"{self.name:<46} {self.value:>8.2f}   target {sign} {self.bound:<5g} {verdict}"


def median(runs: Sequence[Measured]) -> Measured:
    """Each figure's median; they may come from different rounds."""
    return Measured(
        rate=statistics.median(run.rate for run in runs),
        p50_ms=statistics.median(run.p50_ms for run in runs),
        p99_ms=statistics.median(run.p99_ms for run in runs),
    )


def ratio(ours: Sequence[float], limit: Sequence[float]) -> float:
    """The median of the rounds' ratios: what a busy machine does to both in a round cancels."""
    return statistics.median(a / b for a, b in zip(ours, limit, strict=True))


def heading(title: str, postgresql: str, **stated: object) -> str:
    """What was measured, with what, and how."""
    versions = (
        f"Python {platform.python_version()}, PostgreSQL {postgresql}, "
        f"SQLite {sqlite3.sqlite_version}, Granian {version('granian')}, "
        f"Flask {version('flask')}"
    )
    said = ", ".join(f"{name} {value}" for name, value in stated.items())
    return f"{title}\n{versions}\n{said}\n"


def rates(rows: dict[str, Measured]) -> str:
    """Rates with their percentiles; a row without percentiles has none."""
    lines = [f"{'':<46} {'per second':>10} {'p50 ms':>8} {'p99 ms':>8}"]
    for name, row in rows.items():
        line = f"{name:<46} {row.rate:>10,.0f}"
        if row.p50_ms:
            line += f" {row.p50_ms:>8.1f} {row.p99_ms:>8.1f}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def verdict(targets: Sequence[Target]) -> int:
    """Print the ratios; 1 when a target was missed, for the shell."""
    for target in targets:
        print(target)
    return 0 if all(target.met for target in targets) else 1

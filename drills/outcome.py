"""How a drill reports: progress as it goes, one line per database at the end."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from drills.checker import Violation
from drills.ledger import Account

_began = time.monotonic()


def say(text: str) -> None:
    """A line of progress, with the seconds since the drill began."""
    print(f"[{time.monotonic() - _began:6.1f} s] {text}", flush=True)


def busy() -> str:
    """A warning when others work on this machine: then times may miss their bars."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    return f"; the machine is busy (load {load:.1f}), times may miss bars" if load > cores else ""


def tell(violations: Sequence[Violation]) -> None:
    for violation in violations:
        say(f"  RED {violation}")


@dataclass
class Verdict:
    """What one drill on one database came to: green only if its controls are red."""

    title: str
    broken: list[str] = field(default_factory=list)  # bars missed that no row shows
    extras: list[str] = field(default_factory=list)
    controls: dict[str, str | None] = field(default_factory=dict)  # None: stayed green

    @property
    def green(self) -> bool:
        return not self.broken and None not in self.controls.values()

    def facts(self) -> list[str]:
        """What was found, in the order of reading."""
        return [*self.extras, *self.broken]

    def __str__(self) -> str:
        parts = self.facts()
        for name, shown in self.controls.items():
            parts.append(f"control {name} {'red' if shown else 'STAYED GREEN'}")
        return f"{self.title}: {', '.join(parts)}: {'green' if self.green else 'RED'}"


@dataclass
class Outcome(Verdict):
    """The verdict of a drill that compares what people were told with what is stored."""

    rounds: int = 0
    acknowledged: int = 0
    unknown: int = 0
    confirmed: int = 0
    violations: list[Violation] = field(default_factory=list)

    def add(self, account: Account) -> None:
        self.acknowledged = len(account.acknowledged)
        self.unknown = len(account.unknown)
        self.confirmed = len(account.confirmed)

    @property
    def green(self) -> bool:
        return not self.violations and super().green

    def _of(self, *rules: str) -> int:
        return sum(v.number for v in self.violations if v.rule in rules)

    def facts(self) -> list[str]:
        other = {v.rule for v in self.violations} - {"lost", "doubled", "phantom"}
        return [
            f"{self.rounds} rounds",
            f"{self.acknowledged:,} acknowledged",
            f"{self._of('lost'):,} lost",
            f"{self._of('doubled'):,} doubled",
            f"{self._of('phantom'):,} made up",
            f"{self.confirmed:,} confirmed",
            f"{self.unknown:,} unknown",
            *self.extras,
            *(f"{rule} broken" for rule in sorted(other)),
            *self.broken,
        ]


def finish(outcomes: Sequence[Verdict]) -> int:
    """Print the last lines; 0 when all is as it must be."""
    sys.stdout.flush()
    for outcome in outcomes:
        print(outcome)
    return 0 if all(outcome.green for outcome in outcomes) else 1

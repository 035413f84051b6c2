"""Prints the files that took longest, at the end of a run: what grows is seen."""

from __future__ import annotations

from collections import Counter

import pytest
from _pytest.terminal import TerminalReporter

SHOWN = 10
FROM = 60.0
"""Seconds of tests; a shorter run has no need for a list."""

_seconds: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Set-up, call and teardown of each test; with pytest-xdist those of all processes."""
    _seconds[report.nodeid.partition("::")[0]] += report.duration  # type: ignore[assignment]


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    if len(_seconds) > 1 and sum(_seconds.values()) >= FROM:
        terminalreporter.section("slowest files")
        for line in lines(_seconds):
            terminalreporter.write_line(line)


def lines(seconds: Counter[str]) -> list[str]:
    """The slowest first, and what share of all they are."""
    slowest = seconds.most_common(SHOWN)
    whole = sum(seconds.values())
    share = sum(took for _, took in slowest) / whole if whole else 0.0
    return [
        *(f"{took:7.1f} s  {file}" for file, took in slowest),
        f"{whole:7.1f} s  all {len(seconds)} files; these are {share:.0%}",
    ]

"""The list at the end of a run."""

from __future__ import annotations

from collections import Counter

from tests.slowest_files import SHOWN, lines


def test_the_slowest_come_first_and_all_are_counted() -> None:
    seconds = Counter({f"tests/test_{number}.py": number * 1.5 for number in range(1, 21)})
    found = lines(seconds)  # type: ignore[arg-type]
    assert len(found) == SHOWN + 1
    assert found[0].split() == ["30.0", "s", "tests/test_20.py"]
    assert found[SHOWN - 1].split() == ["16.5", "s", "tests/test_11.py"]
    assert "315.0 s  all 20 files; these are 74%" in found[-1]


def test_a_run_without_tests_has_no_shares() -> None:
    assert lines(Counter()) == ["    0.0 s  all 0 files; these are 0%"]

"""What the drill of restarts judges by: which requests failed, of how many."""

from __future__ import annotations

import pytest

from drills.restart import failed


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({}, (0, 0)),
        ({"303": 990, "422": 3, "429": 2}, (0, 995)),
        ({"303": 990, "503": 9, "broken": 1}, (10, 1000)),
        ({"303": 90, "confirm 303": 5, "confirm 503": 3, "confirm broken": 2}, (5, 100)),
        ({"500": 1}, (1, 1)),
    ],
)
def test_what_failed(outcomes: dict[str, int], expected: tuple[int, int]) -> None:
    assert failed(outcomes) == expected

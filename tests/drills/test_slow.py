"""The drill of slow clients: what it judges, and that its clients are as slow as it says."""

from __future__ import annotations

from collections import Counter

import pytest

from drills.slow import PATIENCE, Signed, SlowClients, judge, percentile


def signed(times: list[float], **answers: int) -> Signed:
    kept = Counter({name.lstrip("_"): number for name, number in answers.items()})
    return Signed(times=times, answers=kept or Counter({"303": len(times)}), alive=9)


def test_p95_is_the_time_that_nineteen_of_twenty_stay_under() -> None:
    assert percentile([float(each) for each in range(100)], 0.95) == 95
    assert percentile([3.0], 0.95) == 3


def test_nobody_answered_is_the_longest_time() -> None:
    assert percentile([], 0.95) == PATIENCE


def test_twice_the_baseline_is_green() -> None:
    assert judge(signed([0.1] * 20), signed([0.2] * 20)) == []


@pytest.mark.parametrize(
    ("slowed", "word"),
    [
        (signed([0.21] * 20), "2.1 times"),
        (signed([0.1] * 20, _303=19, _503=1), "503"),
        (signed([0.1] * 20, _303=19, TimeoutError=1), "TimeoutError"),
        (Signed([0.1] * 20, Counter({"303": 20}), alive=3, dead=1), "silent 1 of 4"),
        (Signed(), "times"),
    ],
)
def test_what_is_red(slowed: Signed, word: str) -> None:
    (found,) = judge(signed([0.1] * 20), slowed)
    assert word in found


def test_there_are_as_many_of_each_as_it_was_told() -> None:
    slow_clients = SlowClients("http://127.0.0.1:1", 5, 3, 2)
    names = Counter(kind.__name__ for kind in slow_clients._kinds)
    assert names == {"_drip": 3, "_drip_chunks": 2, "_half_open": 3, "_not_reading": 2}

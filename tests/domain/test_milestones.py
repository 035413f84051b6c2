"""The goal that moves on: never reached already, never far, and it never goes back."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from petition.domain.campaigns.milestones import goal_at, reached_at

GOALS = st.integers(1, 10**9)
COUNTS = st.integers(0, 10**10)


def ladder(first: int, length: int) -> list[int]:
    """The goals one after the other, each at the moment when the one before is reached."""
    goals = [goal_at(0, first)]
    while len(goals) < length:
        goals.append(goal_at(goals[-1], first))
    return goals


def test_a_call_that_begins_with_ten_thousand() -> None:
    assert ladder(10_000, 12) == [
        *(10_000, 15_000, 20_000, 25_000, 50_000, 75_000),
        *(100_000, 150_000, 200_000, 250_000, 500_000, 750_000),
    ]


@pytest.mark.parametrize(
    ("first", "next_ones"),
    [(1, [2, 3, 5, 10, 15, 20, 25]), (7, [10, 15]), (13_700, [20_000, 25_000]), (23_000, [30_000])],
)
def test_a_goal_that_is_on_no_ladder_gets_onto_it(first: int, next_ones: list[int]) -> None:
    assert ladder(first, len(next_ones) + 1) == [first, *next_ones]


@given(COUNTS, GOALS)
def test_the_goal_is_always_ahead_and_never_below_the_campaigns_own(count: int, first: int) -> None:
    assert goal_at(count, first) > count
    assert goal_at(count, first) >= first
    if count < first:
        assert goal_at(count, first) == first


@given(COUNTS, st.integers(0, 10**9), GOALS)
def test_it_never_goes_back_while_the_count_grows(count: int, more: int, first: int) -> None:
    assert goal_at(count + more, first) >= goal_at(count, first)


@given(GOALS)
def test_each_step_is_at_least_a_tenth_and_at_most_double(first: int) -> None:
    goals = ladder(first, 12)
    for goal, following in pairwise(goals):
        assert 11 * goal <= 10 * following <= 20 * goal


@given(COUNTS, GOALS)
def test_it_stands_still_until_it_is_reached(count: int, first: int) -> None:
    goal = goal_at(count, first)
    assert goal_at(goal - 1, first) == goal


@given(COUNTS, GOALS)
def test_what_was_reached_is_the_goal_before(count: int, first: int) -> None:
    reached = reached_at(count, first)
    if reached is None:
        assert count < first
    else:
        assert first <= reached <= count
        assert goal_at(reached, first) == goal_at(count, first)

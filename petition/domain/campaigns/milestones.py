"""Milestones: the goal that a call shows, which moves on whenever it is reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_ROUND: Final = (10, 15, 20, 25, 50, 75)
"""Tenths of a power of ten: 10,000, 15,000, 20,000, 25,000, 50,000, 75,000, 100,000 …"""
_BETWEEN: Final = (30,)
"""For where the next of those would be more than double."""


def goal_at(count: int, first_goal: int) -> int:
    """The goal to show: the campaign's own until the count reaches it, then the next milestone."""
    return next(goal for goal in _goals(first_goal) if goal > count)


def reached_at(count: int, first_goal: int) -> int | None:
    """The last goal that the count has reached; None before the campaign's own."""
    last = None
    for goal in _goals(first_goal):
        if goal > count:
            return last
        last = goal
    raise AssertionError  # there is always one more


def _goals(first: int) -> Iterator[int]:
    goal = first
    while True:
        yield goal
        goal = _after(goal)


def _after(goal: int) -> int:
    """The next milestone: at least a tenth more, so that it is worth naming; at most double."""
    power: int = 10 ** (len(str(goal)) - 1)
    return next(
        rung * scale // 10
        for rungs in (_ROUND, _BETWEEN)
        for scale in (power, 10 * power)
        for rung in rungs
        if rung * scale % 10 == 0 and 11 * goal <= rung * scale <= 20 * goal
    )

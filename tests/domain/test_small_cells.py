"""Figures by country, against somebody who keeps every page and watches the live total.

The watcher knows the rules, every figure that was ever shown and when each person came, and draws
every conclusion there is: it goes through all the ways in which it may have been, and knows what
is true in all of them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given, strategies as st

from petition.domain.counts.small_cells import LEAST, NOTHING, Publication, look, rounded

PLACES = ("A", "B")
ELSEWHERE = "somewhere else"
"""Places of which few come: they never show."""

Pair = tuple[int, int]
"""A number for A and one for B."""
State = tuple[Pair, int]
"""All that a rule goes by, and all of it public: the figures shown, and what is over."""
Rule = Callable[[State, Pair, int], State | None]


@cache
def ours(before: State, counted: Pair, came: int) -> State | None:
    last = Publication(figures=_named(before[0]), over=before[1])
    found = look(last, _named(counted), came=came, went=0)
    return None if found is None else (_numbers(found), found.over)


def _named(pair: Pair) -> dict[str, int]:
    return {place: n for place, n in zip(PLACES, pair, strict=True) if n}


def _numbers(found: Publication) -> Pair:
    return found.figures.get("A", 0), found.figures.get("B", 0)


def every_day(before: State, counted: Pair, came: int) -> State | None:
    """What one would do at first: leave small cells out, once a day."""
    a, b = (n if n >= LEAST else 0 for n in counted)
    return (a, b), 0


def every_day_in_tens(before: State, counted: Pair, came: int) -> State | None:
    a, b = counted
    return (rounded(a), rounded(b)), 0


@dataclass(frozen=True)
class Window:
    """From one look to the next: who came, and what was shown after it."""

    came: int
    truly: Pair
    after: State


def windows(rule: Rule, days: list[list[str]]) -> list[Window]:
    """What happens when these people come, day by day, with a look each evening."""
    found: list[Window] = []
    state, counted, came = ((0, 0), 0), Counter[str](), list[str]()
    for day in days:
        came += day
        counted.update(day)
        after = rule(state, (counted["A"], counted["B"]), len(came)) if came else None
        if after is not None:
            truly = Counter(came)
            found.append(Window(len(came), (truly["A"], truly["B"]), after))
            state, came = after, []
    return found


def ways(came: int) -> Iterator[Pair]:
    """How many of those who came may be of A and of B; the others are of somewhere else."""
    return ((a, b) for a in range(came + 1) for b in range(came + 1 - a))


@dataclass
class Watcher:
    """What is possible, for each window: who came in it, and how many there were after it."""

    came: list[set[Pair]]
    counted: list[set[Pair]]


def watch(rule: Rule, seen: list[Window]) -> Watcher:
    befores: list[State] = [((0, 0), 0), *(window.after for window in seen)]
    reached: list[set[Pair]] = [{(0, 0)}]
    for window, before in zip(seen, befores, strict=False):
        reached.append(
            {
                (a + more_a, b + more_b)
                for a, b in reached[-1]
                for more_a, more_b in ways(window.came)
                if rule(before, (a + more_a, b + more_b), window.came) == window.after
            }
        )
    came: list[set[Pair]] = [set() for _ in seen]
    for place in reversed(range(len(seen))):
        window, before, possible = seen[place], befores[place], set()
        for a, b in reached[place]:
            for more_a, more_b in ways(window.came):
                then = (a + more_a, b + more_b)
                if then in reached[place + 1] and (rule(before, then, window.came) == window.after):
                    possible.add((a, b))
                    came[place].add((more_a, more_b))
        reached[place] = possible
    return Watcher(came=came, counted=reached[1:])


def known_people(watcher: Watcher, seen: list[Window]) -> int:
    """People whose place the watcher knows.

    Not those of whom the page itself says so: ten came, and one figure rose by ten.
    """
    known, before = 0, (0, 0)
    for window, possible in zip(seen, watcher.came, strict=True):
        rises = [now - then for now, then in zip(window.after[0], before, strict=True)]
        for place, rise in enumerate(rises):
            said = rise == window.came >= LEAST
            if not said and all(pair[place] == window.came for pair in possible):
                known += window.came
        before = window.after[0]
    return known


def small_cells(watcher: Watcher) -> list[set[int]]:
    """Numbers of people of one place that the watcher knows to be more than none and below ten."""
    found = [
        {pair[place] for pair in possible}
        for possible in (*watcher.came, *watcher.counted)
        for place in (0, 1)
    ]
    return [values for values in found if all(0 < value < LEAST for value in values)]


def hundred_people(seed: int) -> list[list[str]]:
    """They come one by one, some days more, some days fewer; each seed from other places."""
    dice = random.Random(seed)
    weights = dice.choice([(1, 1, 1), (5, 1, 2), (8, 1, 1), (1, 1, 8), (5, 5, 0), (9, 1, 0)])
    most_a_day = dice.choice([1, 3, 8, 15])
    people = dice.choices((*PLACES, ELSEWHERE), weights, k=100)
    days = []
    while people:
        number = dice.randint(0, most_a_day)
        days.append(people[:number])
        del people[:number]
    return days


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_the_watcher_learns_of_no_one_where_they_are(seed: int) -> None:
    seen = windows(ours, hundred_people(seed))
    watcher = watch(ours, seen)
    for window, possible in zip(seen, watcher.came, strict=True):
        assert window.truly in possible, "the watcher has thought of what truly was"
    assert known_people(watcher, seen) == 0
    assert small_cells(watcher) == []


def test_something_is_shown_all_the_same() -> None:
    ends = [windows(ours, hundred_people(seed))[-1].after[0] for seed in range(24)]
    assert sum(sum(figures) for figures in ends) / len(ends) > 40


@pytest.mark.parametrize("rule", [every_day, every_day_in_tens])
def test_the_watcher_would_find_it_out(rule: Rule) -> None:
    """The control: against rules that are not ours, the same watcher learns a great deal."""
    people, cells = 0, 0
    for seed in range(6):
        seen = windows(rule, hundred_people(seed))
        watcher = watch(rule, seen)
        people += known_people(watcher, seen)
        cells += len(small_cells(watcher))
    assert people > 0
    assert cells > 0


# --- any number of places, people who come and who go ---------------------------------------------

CHANGE = st.tuples(st.sampled_from("ABCDEF"), st.integers(-12, 25))
STORY = st.lists(st.lists(CHANGE, max_size=6), max_size=25)


def told(
    story: list[list[tuple[str, int]]],
) -> Iterator[tuple[Publication, Publication, dict[str, int], Pair]]:
    """(look before, look after, counted, (came, went)) for each look that is had."""
    last, counted, came, went = NOTHING, Counter[str](), 0, 0
    for day in story:
        for place, change in day:
            change = max(change, -counted[place])
            counted[place] += change
            came += max(change, 0)
            went += max(-change, 0)
        found = look(last, dict(counted), came=came, went=went)
        if found is None:
            assert came < LEAST
            assert went < LEAST
            continue
        yield last, found, dict(counted), (came, went)
        last, came, went = found, 0, 0


@given(STORY)
def test_every_figure_is_of_full_tens(story: list[list[tuple[str, int]]]) -> None:
    for _, after, _, _ in told(story):
        assert all(n >= LEAST and n % LEAST == 0 for n in after.figures.values())


@given(STORY)
def test_figures_rise_by_no_more_than_came_and_fall_by_no_more_than_went(
    story: list[list[tuple[str, int]]],
) -> None:
    for before, after, _, (came, went) in told(story):
        changes = [
            after.figures.get(place, 0) - before.figures.get(place, 0)
            for place in {*before.figures, *after.figures}
        ]
        rises, falls = [c for c in changes if c > 0], [-c for c in changes if c < 0]
        assert sum(rises) <= came + before.over
        assert all(LEAST <= rise <= came for rise in rises)
        assert sum(falls) <= went
        assert 0 <= after.over < LEAST


@given(STORY)
def test_no_figure_is_more_than_there_are_while_nobody_goes(
    story: list[list[tuple[str, int]]],
) -> None:
    only_came = [[(place, abs(n)) for place, n in day] for day in story]
    for _, after, counted, _ in told(only_came):
        assert all(n <= counted[place] for place, n in after.figures.items())


def test_figures_keep_up() -> None:
    """Forty places, sixty people a day for a year: what waits is little, and what is shown true."""
    dice = random.Random(1)
    places = [f"P{n}" for n in range(40)]
    story = [[(p, 1) for p in dice.choices(places, range(1, 41), k=60)] for _ in range(365)]
    *_, (_, after, counted, _) = told(story)
    truly = {place: rounded(n) for place, n in counted.items() if n >= LEAST}
    assert after.figures.keys() == truly.keys()
    assert sum(truly.values()) - sum(after.figures.values()) <= 200
    assert all(0 <= truly[place] - figure <= LEAST for place, figure in after.figures.items())


def test_many_that_go_at_once_are_gone_at_the_next_look() -> None:
    last = Publication(figures={"A": 500, "B": 40}, over=0)
    found = look(last, {"A": 12, "B": 75}, came=30, went=490)
    assert found is not None
    assert found.figures == {"A": 10, "B": 70}


def test_nothing_is_shown_of_fewer_than_ten() -> None:
    assert look(NOTHING, {"A": 9}, came=9, went=0) is None
    found = look(NOTHING, {"A": 9, "B": 9}, came=18, went=0)
    assert found is not None
    assert found.figures == {}

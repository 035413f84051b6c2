"""Small cells: figures by place of which none tells of fewer than ten people, however compared.

What was shown once is known for good: who keeps old pages and watches the live total may subtract
one from the other. So figures are tens, and at each look they rise by no more people than came
since the last one (and fall by no more than went). Then everything that was ever shown could be so
because people came and went in full tens, and nobody can prove that it was otherwise.
docs/decisions/0043-figures-by-country-are-tens.md has the whole reasoning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

LEAST: Final = 10
"""The fewest people that anything shown may be about."""

Figures = Mapping[str, int]
"""Place to people."""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What is shown from one look to the next."""

    figures: Figures
    over: int
    """People who came and were not needed for a figure to rise; a few count at the next look."""


NOTHING: Final = Publication(figures={}, over=0)
"""Before the first look."""


def rounded(number: int) -> int:
    """Rounded down to tens."""
    return number // LEAST * LEAST


def in_tens(counted: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Rounded down, without those of fewer than ten: for staff who see no personal data."""
    return [(value, rounded(number)) for value, number in counted if number >= LEAST]


def look(last: Publication, counted: Figures, *, came: int, went: int) -> Publication | None:
    """The next look; None while too few came or went since the last one.

    `came` and `went` are what everybody has seen who watched the total.
    """
    if came < LEAST and went < LEAST:
        return None
    figures = dict(last.figures)
    risen = _rise(figures, counted, came=came, over=last.over) if came >= LEAST else 0
    if went >= LEAST:
        _fall(figures, counted, went=went)
    return Publication(
        figures={place: figure for place, figure in figures.items() if figure},
        over=min(last.over + came - risen, LEAST - 1),
    )


def _rise(figures: dict[str, int], counted: Figures, *, came: int, over: int) -> int:
    """Raise figures as far as people came; by how much in all. What does not fit waits.

    Places that were not shown yet come first, then what is furthest off.
    """

    def turn(place: str) -> tuple[bool, int, str]:
        shown = figures.get(place, 0)
        return shown > 0, shown - counted[place], place

    left = came + over
    for place in sorted(counted, key=turn):
        shown = figures.get(place, 0)
        # `over` are of places that nobody knows; no one place may need them.
        figures[place] = max(shown + rounded(min(counted[place] - shown, came, left)), shown)
        left -= figures[place] - shown
    return came + over - left


def _fall(figures: dict[str, int], counted: Figures, *, went: int) -> None:
    """Lower figures as far as people went. What does not fit waits.

    Places with too few to be shown come first, then what is furthest off.
    """

    def turn(place: str) -> tuple[bool, int, str]:
        number = counted.get(place, 0)
        return number >= LEAST, number - figures[place], place

    left = went
    for place in sorted(figures, key=turn):
        off = figures[place] - rounded(counted.get(place, 0))
        fall = max(min(off, rounded(left)), 0)
        figures[place] -= fall
        left -= fall

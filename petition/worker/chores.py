"""Chores: what a worker does when there is cause for it. One statement asks for all of them.

It only reads, so a round in which nothing is due takes no lock and changes nothing. Nothing is
remembered between two rounds: other workers, pages and commands change the database meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from petition.store.db import Condition, Moment, Question, SessionFactory


@dataclass(frozen=True)
class Chore:
    """Something to do, and whether it is due."""

    is_due: Callable[[Moment], Condition]
    do: Callable[[], object]
    """False or 0, where it did nothing: what else is due is then as it was."""


class Chores:
    """Some of them, in their order."""

    def __init__(
        self, *chores: Chore, reading: SessionFactory, now: Callable[[], datetime]
    ) -> None:
        self.all = chores
        self._question = _question(*(each.is_due for each in chores))
        self._reading = reading
        self._now = now

    def do_due(self, *, again: bool = False) -> None:
        """Do those that are due; with `again`, each until nothing is left of it.

        What one does may make those that follow due: after it, they are asked anew.
        """
        begin = 0
        while begin < len(self.all):
            with self._reading() as session:
                due = self._question.ask(session, at=self._now())
            for place in range(begin, len(self.all)):
                if due[place] and self.all[place].do():
                    begin = place if again else place + 1
                    break
            else:
                return


@cache
def _question(*conditions: Callable[[Moment], Condition]) -> Question:
    """It is the same for each worker of a process."""
    return Question(conditions)

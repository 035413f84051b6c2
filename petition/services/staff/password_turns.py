"""Password turns: scrypt is slow on purpose, so only one runs at a time in a process.

When there are many, strangers' passwords get a part of one processor's time and no more. Whoever
would have to wait longer than a moment is sent away to try again: a web process has few threads,
and people who sign need them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from petition.errors import PetitionError

PATIENCE: Final = 2.0
"""Seconds that one may wait for a turn."""
WAITING: Final = 1
"""How many may wait at once, in each line of strangers."""
SHARE: Final = 0.15
"""Of one processor's time, in each process, for each line of strangers when there are many."""
CREDIT: Final = 1.0
"""Seconds of such work that may be done at once after a quiet time: a team that signs in at nine
o'clock does not wait."""
LONGEST: Final = 0.4
"""Seconds that one check is counted with at most, however busy the machine."""
RETRY_AFTER: Final = 5
"""Seconds after which it is worth trying again."""


class TooBusy(PetitionError):
    """Too many passwords are being checked just now. Please try again in a few seconds."""


class Line:
    """One line: one is at work, few wait, and together they get their share of the time."""

    def __init__(
        self,
        *,
        share: float,
        waiting: int = WAITING,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._share = share
        self._room = threading.BoundedSemaphore(1 + waiting)
        self._turn = threading.Lock()
        self._clock = clock
        self._sleep = sleep
        self._paid_until = clock()
        """The moment at which all work so far would have been within the share."""

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the block run alone. Raises TooBusy, at once or after the patience."""
        if not self._room.acquire(blocking=False):
            raise TooBusy
        try:
            until = self._clock() + PATIENCE
            if not self._turn.acquire(timeout=PATIENCE):
                raise TooBusy
            try:
                self._wait(until)
                began = self._clock()
                try:
                    yield
                finally:
                    self._pay(began, self._clock())
            finally:
                self._turn.release()
        finally:
            self._room.release()

    @property
    def is_closed(self) -> bool:
        """Whether nobody who comes now gets a turn. A look, which costs next to nothing."""
        if self._ready > self._clock() + PATIENCE:
            return True
        if not self._room.acquire(blocking=False):
            return True
        self._room.release()
        return False

    @property
    def _ready(self) -> float:
        return self._paid_until - CREDIT / self._share

    def _wait(self, until: float) -> None:
        if self._ready > until:
            raise TooBusy
        self._sleep(max(0.0, self._ready - self._clock()))

    def _pay(self, began: float, ended: float) -> None:
        work = min(LONGEST, ended - began)
        self._paid_until = max(self._paid_until, began) + work / self._share


class PasswordTurns:
    """The lines of one process: none ever waits for another."""

    def __init__(self) -> None:
        self.known = Line(share=1.0, waiting=2)
        """Devices that have signed in before, and whoever holds a set-up link that works."""
        self.newcomers = Line(share=SHARE)
        """Senders whose first try of the day it is: those who try without end are not in it."""
        self.others = Line(share=SHARE)

    def check_strangers(self) -> None:
        """Raises TooBusy where no stranger gets a turn: ask before anything else is done for one.

        A flood of guesses then costs no more than so many forms that are refused. That they were
        looked up in the database first cost people who signed meanwhile five times as much.
        """
        if self.others.is_closed and self.newcomers.is_closed:
            raise TooBusy

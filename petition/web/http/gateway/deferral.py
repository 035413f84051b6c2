"""Deferred answers: the app goes on to the next request, and what it waits for answers this one.

A form that waits for its commit needs no thread for that. The app finds a `Deferral` in its
environment, hands it to what will be called when the commit is there, and returns `DEFERRED`.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from petition.web.http.gateway.exchange import Environ, Exchange, Headers, tell

DEFERRAL: Final = "petition.deferral"
"""In the WSGI environment: the way to answer later, where the server has one."""
DEFERRED: Final[list[bytes]] = []
"""What the app returns, without having started an answer, when one comes later."""


@dataclass(frozen=True)
class Answer:
    """A whole answer without a body, as WSGI starts one."""

    status_line: str
    headers: Headers

    @cached_property
    def status(self) -> int:
        return int(self.status_line.split(" ", 1)[0])


class Deferral:
    """The way to answer one request later: once, by one of its two methods, from any thread."""

    __slots__ = ("_ask_app", "_done", "_exchange", "_timetable")

    def __init__(
        self,
        exchange: Exchange,
        done: Callable[[], None],
        timetable: Timetable,
        ask_app: Callable[[Environ, Exchange, Callable[[], None]], None],
    ) -> None:
        self._exchange, self._done = exchange, done
        self._timetable, self._ask_app = timetable, ask_app

    def answer(self, answer: Answer, *, at: float) -> None:
        """Send it, at a time of `time.monotonic`."""

        def send() -> None:
            try:
                self._exchange.response_bytes(answer.status, answer.headers, b"")
            finally:
                self._done()

        self._timetable.put(at, send)

    def ask_app(self, environ: Environ) -> None:
        """Have the app answer after all, with what stands in its environment now."""
        self._ask_app(environ, self._exchange, self._done)


class Timetable:
    """Does small things at their times, in a thread of its own."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="timetable", daemon=True).start()

    def put(self, at: float, job: Callable[[], None]) -> None:
        """Do it at that time of `time.monotonic`, or soon after."""
        with self._changed:
            first = not self._due or at < self._due[0][0]
            heapq.heappush(self._due, (at, next(self._number), job))
            if first:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            job = self._next()
            try:
                job()
            except Exception as error:  # the others' turn comes all the same
                tell(error)
            del job

    def _next(self) -> Callable[[], None]:
        with self._changed:
            while True:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)

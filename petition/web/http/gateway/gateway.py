"""Between the HTTP server and the WSGI app: a whole request first, then one of a few threads.

A client that sends its form a byte a minute must cost nobody else anything. So a body is awaited
without a thread, within a deadline and a size; only then its request queues up for the threads
that run the app. An answer that is made while it is sent has a thread of its own, for its reader
may be slow.

The server calls `take` for each request.
"""

from __future__ import annotations

import contextvars
import io
import queue
import threading
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any, Final

from petition.web.http.gateway.bodies import BODIES, BODY_SECONDS, Bodies, Incoming, has_body
from petition.web.http.gateway.deferral import DEFERRAL, DEFERRED, Deferral, Timetable
from petition.web.http.gateway.environ import Environs
from petition.web.http.gateway.exchange import App, Environ, Exchange, close, tell
from petition.web.http.gateway.streams import Started, Stream

STREAMS: Final = 8
"""How many answers one process makes at once while they are sent: lists that staff take out."""
REFUSED: Final = "petition.refused"
"""In the WSGI environment: the status that the app is to answer with, without looking further."""

_BUSY: Final = 503


class Gateway:
    """Takes requests from the HTTP server to the app, and its answers back."""

    def __init__(
        self, app: App, threads: int, *, body_seconds: float = BODY_SECONDS, bodies: int = BODIES
    ) -> None:
        self._app, self.threads = app, threads
        self._environ = Environs()
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._bodies = Bodies(self, seconds=body_seconds, most=bodies)
        self._timetable = Timetable()
        self._streams = threading.BoundedSemaphore(STREAMS)
        for _ in range(threads):
            threading.Thread(target=self._work, daemon=True).start()

    def take(self, scope: Any, exchange: Exchange, done: Callable[[], None]) -> None:
        """Answer this request, in this thread or, once its body is whole, in one of ours.

        `done` is called when nothing more follows. Never raises: a thread of the server that dies
        takes the whole process with it.
        """
        try:
            environ = self._environ.of(scope)
            if has_body(environ):
                self._bodies.begin(Incoming(environ, exchange, done))
            else:
                self.answer(environ, exchange, done)
        except Exception as error:  # the server answers 500
            tell(error)

    def soon(self, job: Callable[[], None]) -> None:
        """Let one of our threads do it."""
        self._jobs.put(job)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except (Exception, CancelledError) as error:  # the thread goes on; the answer is 500
                tell(error)
            del job  # an idle thread keeps nobody's form

    def answer(
        self,
        environ: Environ,
        exchange: Exchange,
        done: Callable[[], None],
        refusal: int | None = None,
    ) -> None:
        """Run the app. With a refusal it draws the page that says why, and the server hangs up."""
        goes_on = False
        try:
            if refusal is not None:
                environ = environ | {REFUSED: refusal} | _no_body()
            peer = environ["REMOTE_ADDR"], environ["REMOTE_PORT"]  # before proxies are believed
            started = Started()
            if environ["REQUEST_METHOD"] == "POST":
                environ[DEFERRAL] = Deferral(exchange, done, self._timetable, self._again)
            context = contextvars.copy_context()
            parts = context.run(self._app, environ, started)
            if parts is DEFERRED:
                goes_on = True
                return
            if refusal is not None:
                started.headers = [*started.headers, ("Connection", "close")]
            if started.whole or environ["REQUEST_METHOD"] == "HEAD":
                try:
                    whole = b"".join(parts)
                finally:
                    context.run(close, parts)
                exchange.response_bytes(started.status, started.headers, whole)
            elif self._streams.acquire(blocking=False):
                goes_on = True
                stream = Stream(exchange, started, parts, peer, self._streams.release, done)
                threading.Thread(target=context.run, args=(stream.send,), daemon=True).start()
            else:
                context.run(close, parts)
                self.answer(environ, exchange, _nothing, _BUSY)
        finally:
            if not goes_on:
                done()

    def _again(self, environ: Environ, exchange: Exchange, done: Callable[[], None]) -> None:
        """Run the app once more for a request that it had deferred."""
        self.soon(lambda: self.answer(environ, exchange, done))


def _no_body() -> Environ:
    return {"wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"}


def _nothing() -> None:
    """There is nothing more to be done."""

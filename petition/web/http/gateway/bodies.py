"""Request bodies: each is whole within a deadline and a size before a thread runs the app."""

from __future__ import annotations

import io
import threading
import time
from asyncio import CancelledError  # no Exception, and what the server's futures raise
from collections.abc import Callable
from typing import Final, Protocol

from petition.web.http.gateway.exchange import Environ, Exchange, Future

BODY_BYTES: Final = 64 * 1024
"""The largest body that is taken: a form with a long comment has a few thousand bytes."""
BODY_SECONDS: Final = 20
BODIES: Final = 2048
"""How many bodies one process awaits at once; for one more, the oldest is given up."""
DRAINED_BYTES: Final = 64 * 1024 * 1024
"""How much of a body that is too large is read and thrown away: who still writes when the
connection ends never sees the answer."""

_BAD: Final = 400
_TIMEOUT: Final = 408
_TOO_LARGE: Final = 413
_LOOK_SECONDS: Final = 0.25


class Answerer(Protocol):
    """Who runs the app once a body is whole, or draws the page that says why it never will be."""

    def soon(self, job: Callable[[], None]) -> None: ...

    def answer(
        self,
        environ: Environ,
        exchange: Exchange,
        done: Callable[[], None],
        refusal: int | None = None,
    ) -> None: ...


def has_body(environ: Environ) -> bool:
    return "HTTP_TRANSFER_ENCODING" in environ or environ.get("CONTENT_LENGTH", "0") != "0"


class Incoming:
    """A request whose body is on its way."""

    __slots__ = (
        "done",
        "due",
        "environ",
        "exchange",
        "future",
        "got",
        "pieces",
        "refusal",
        "silent",
    )

    def __init__(self, environ: Environ, exchange: Exchange, done: Callable[[], None]) -> None:
        self.environ, self.exchange, self.done = environ, exchange, done
        self.due = 0.0
        self.future: Future | None = None
        self.pieces: list[bytes] = []
        self.got = 0
        self.silent = 0
        self.refusal = _TIMEOUT

    @property
    def length(self) -> int | None:
        """What its sender said."""
        said = self.environ.get("CONTENT_LENGTH", "")
        return int(said) if said.isdecimal() else None


class Bodies:
    """The bodies that are on their way: each is whole in time, or given up."""

    def __init__(self, answerer: Answerer, *, seconds: float, most: int) -> None:
        self._answerer, self._seconds, self._most = answerer, seconds, most
        self._lock = threading.Lock()
        self._incoming: dict[int, Incoming] = {}  # the oldest first, and so the first one due
        threading.Thread(target=self._give_up_late_ones, daemon=True).start()

    def begin(self, incoming: Incoming) -> None:
        incoming.due = time.monotonic() + self._seconds
        with self._lock:
            oldest = None
            if len(self._incoming) >= self._most:
                oldest = self._incoming.pop(next(iter(self._incoming)))
            self._incoming[id(incoming)] = incoming
        if oldest is not None:
            self._give_up(oldest)
        try:
            self._read(incoming)
        except Exception:
            self._finish(incoming, _BAD)
            raise

    def _read(self, incoming: Incoming) -> None:
        length = incoming.length
        if length is not None and length <= BODY_BYTES:
            self._await(incoming, incoming.exchange(), self._whole)
        elif length is not None and "100-continue" in incoming.environ.get("HTTP_EXPECT", ""):
            # Who asks first gets the answer, and sends nothing.
            self._finish(incoming, _TOO_LARGE)
        else:
            if length is not None:
                incoming.refusal = _TOO_LARGE
            incoming.exchange.__aiter__()
            self._await(incoming, incoming.exchange.__anext__(), self._piece)

    def _await(
        self, incoming: Incoming, future: Future, then: Callable[[Incoming, bytes], None]
    ) -> None:
        incoming.future = future

        def arrived(future: Future) -> None:
            try:
                body = bytes(future.result())
            except (Exception, CancelledError):  # its sender left, or it was given up
                self._finish(incoming, _BAD)
            else:
                then(incoming, body)

        future.add_done_callback(arrived, context=None)

    def _whole(self, incoming: Incoming, body: bytes) -> None:
        self._finish(incoming, None if len(body) == incoming.length else _BAD, body)

    def _piece(self, incoming: Incoming, piece: bytes) -> None:
        """A body of unknown length, or one that is too large: read to its end in any case."""
        incoming.got += len(piece)
        incoming.silent += not piece
        if incoming.got > BODY_BYTES:
            incoming.refusal = _TOO_LARGE
            incoming.pieces.clear()
        else:
            incoming.pieces.append(piece)
        try:
            if incoming.got > DRAINED_BYTES:
                raise StopAsyncIteration
            following = incoming.exchange.__anext__()
        except StopAsyncIteration:
            if incoming.refusal == _TOO_LARGE:
                self._finish(incoming, _TOO_LARGE)
            else:
                # The end is one piece of nothing; one more stands for a connection that broke, or
                # for trailer fields: the server tells both alike, and no browser sends those.
                cut_off = incoming.silent > 1
                self._finish(incoming, _BAD if cut_off else None, b"".join(incoming.pieces))
        else:
            self._await(incoming, following, self._piece)

    def _finish(self, incoming: Incoming, refusal: int | None, body: bytes = b"") -> None:
        """Whoever takes it from the list answers it: the body's end, or the deadline."""
        with self._lock:
            ours = self._incoming.pop(id(incoming), None) is not None
        if ours:
            if refusal is None:
                incoming.environ.pop("HTTP_TRANSFER_ENCODING", None)
                incoming.environ |= {
                    "wsgi.input": io.BytesIO(body),
                    "CONTENT_LENGTH": str(len(body)),
                }
            self._answerer.answer(incoming.environ, incoming.exchange, incoming.done, refusal)

    def _give_up_late_ones(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            for incoming in self._late_ones(time.monotonic()):
                self._give_up(incoming)

    def _late_ones(self, now: float) -> list[Incoming]:
        with self._lock:
            late = []
            for incoming in self._incoming.values():
                if incoming.due > now:
                    break
                late.append(incoming)
            for incoming in late:
                del self._incoming[id(incoming)]
            return late

    def _give_up(self, incoming: Incoming) -> None:
        if incoming.future is not None:
            incoming.future.cancel()
        self._answerer.soon(
            lambda: self._answerer.answer(
                incoming.environ, incoming.exchange, incoming.done, incoming.refusal
            )
        )

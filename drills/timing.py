"""Timing: ready bytes out, and a clock that stops when the last byte of the answer is here.

Between the two clock readings there is a socket and nothing else, so that a small difference on
the server's side is not lost in work on this one.
"""

import gc
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drills.failure import DrillError
from drills.http import loopback

STUCK = 30.0
"""Seconds without any answer after which the server counts as gone."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as bytes; `of` says what it stands for, `typed` the address that is in it."""

    of: str
    typed: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Timed:
    """One request and the whole answer to it."""

    asked: Asked
    seconds: float
    answer: bytes


class _Caller:
    """One keep-alive connection: a request is out, its answer comes in."""

    __slots__ = ("asked", "began", "got", "socket", "wanted")

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=STUCK)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked: Asked | None = None
        self.began = 0.0
        self.got = b""
        self.wanted = 0

    def ask(self, asked: Asked) -> None:
        self.asked, self.got, self.wanted = asked, b"", 0
        self.began = time.perf_counter()
        self.socket.sendall(asked.request)

    def take(self) -> Timed | None:
        """What came so far; the timed answer once it is whole."""
        chunk = self.socket.recv(1 << 16)
        now = time.perf_counter()
        if not chunk:
            raise DrillError("the server hung up in the middle of an answer")
        self.got += chunk
        if not self.wanted:
            end = self.got.find(b"\r\n\r\n")
            self.wanted = end + 4 + _length(self.got[:end]) if end >= 0 else 0
        if not self.wanted or len(self.got) < self.wanted:
            return None
        assert self.asked
        return Timed(self.asked, now - self.began, self.got)


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def timed(base: str, requests: Sequence[Asked], *, connections: int) -> list[Timed]:
    """Ask everything in this order; each connection asks again when it has its answer."""
    host, port = loopback(base)
    waiting = iter(requests)
    callers = [_Caller(host, port) for _ in range(min(connections, len(requests)))]
    gc.collect()
    gc.disable()  # our own collections would be counted as the server's time
    try:
        with selectors.DefaultSelector() as selector:
            for caller in callers:
                selector.register(caller.socket, selectors.EVENT_READ, caller)
                caller.ask(next(waiting))
            return list(_answers(selector, waiting))
    finally:
        gc.enable()
        for caller in callers:
            caller.socket.close()


def _answers(selector: selectors.BaseSelector, waiting: Iterator[Asked]) -> Iterator[Timed]:
    while selector.get_map():
        ready = selector.select(STUCK)
        if not ready:
            raise DrillError(f"no answer for {STUCK:.0f} s")
        for key, _ in ready:
            caller: _Caller = key.data
            answer = caller.take()
            if answer is None:
                continue
            yield answer
            following = next(waiting, None)
            if following is None:
                selector.unregister(caller.socket)
            else:
                caller.ask(following)

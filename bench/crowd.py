"""A crowd: keep-alive connections to this machine that each send the next request at once.

The load shares two cores with what it measures, so it does as little as it can: requests are
ready bytes, an answer is looked at only for its status and its end.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from drills.http import loopback

CONNECTIONS = 64
WARM_UP = 1.0
MOST_SECONDS = 60.0
STUCK = 30.0
"""Seconds without any answer after which the server counts as gone."""


class ServerGone(Exception):
    """The server hung up on the crowd, or says nothing any more."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How one thing went: how many a second, and the time that half and 99 of 100 stay under."""

    rate: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    statuses: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, times: list[float], seconds: float, statuses: Counter[int]) -> Measured:
        ordered = sorted(times)
        return cls(
            rate=len(ordered) / seconds,
            p50_ms=ordered[len(ordered) // 2] * 1000,
            p99_ms=ordered[len(ordered) * 99 // 100] * 1000,
            statuses=tuple(sorted(statuses.items())),
        )


class _Caller:
    """One connection: a request is out, its answer comes in."""

    __slots__ = ("began", "got", "socket", "wanted")

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self.got = b""
        self.wanted = 0

    def ask(self, request: bytes) -> None:
        self.got, self.wanted = b"", 0
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def take(self) -> int | None:
        """The status, once the whole answer is here."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ServerGone("the server hung up")
        self.got += chunk
        if not self.wanted:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return None
            self.wanted = end + 4 + _length(self.got[:end])
        return int(self.got[9:12]) if len(self.got) >= self.wanted else None


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def press(
    base: str,
    requests: Iterator[bytes],
    *,
    seconds: float,
    connections: int = CONNECTIONS,
) -> Measured:
    """Send requests as fast as they are answered, after WARM_UP seconds that do not count."""
    host, port = loopback(base)
    seconds = min(seconds, MOST_SECONDS)
    callers = [_Caller(host, port) for _ in range(connections)]
    try:
        with selectors.DefaultSelector() as selector:
            for caller in callers:
                selector.register(caller.socket, selectors.EVENT_READ, caller)
            for caller in callers:
                caller.ask(next(requests))
            return _listen(selector, requests, seconds)
    finally:
        for caller in callers:
            caller.socket.close()


def _listen(
    selector: selectors.BaseSelector, requests: Iterator[bytes], seconds: float
) -> Measured:
    times: list[float] = []
    statuses: Counter[int] = Counter()
    begin = time.perf_counter() + WARM_UP
    end = begin + seconds
    open_ = len(selector.get_map())
    while open_:
        ready = selector.select(STUCK)
        if not ready:
            raise ServerGone(f"no answer for {STUCK:.0f} s")
        for key, _ in ready:
            caller: _Caller = key.data
            status = caller.take()
            if status is None:
                continue
            now = time.perf_counter()
            if begin <= now < end:
                times.append(now - caller.began)
                statuses[status] += 1
            if now < end:
                caller.ask(next(requests))
            else:  # what is under way is awaited, so that nobody is cut off
                selector.unregister(caller.socket)
                open_ -= 1
    if not times:
        raise ServerGone(f"no answer within {seconds:.0f} s")
    return Measured.of(times, seconds, statuses)

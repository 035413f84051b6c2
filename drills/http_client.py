"""The HTTP/1.1 client of drills and benchmarks: to servers on this machine, with little between.

A `Connection` waits for each answer beside others (asyncio). `answers` keeps many connections busy
with requests that are ready bytes, in one loop over sockets, and times each whole answer: between
its two clock readings there is a socket and nothing else.
"""

import asyncio
import ipaddress
import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Generic, TypeVar
from urllib.parse import urlencode, urlsplit

from drills.failure import DrillError

T = TypeVar("T")  # Python 3.11 has no other way to say it

STUCK = 30.0
"""Seconds without any answer after which the server counts as gone."""

PATIENCE = 25.0
"""Seconds; longer than the server lets anybody wait for a commit."""

BROKEN = (OSError, EOFError, asyncio.TimeoutError, ValueError)
"""What a request may end with when the server dies under it."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes


SENDERS = 2**17


def sender(number: int) -> str:
    """The address of one of SENDERS senders, round about.

    From 198.18.0.0/15, which RFC 2544 keeps for measuring: nobody has these addresses.
    """
    return str(ipaddress.IPv4Address("198.18.0.0") + number % SENDERS)


def forwarded(number: int) -> str:
    """The header by which a trusted proxy names that sender."""
    return f"X-Forwarded-For: {sender(number)}\r\n"


class NotLoopback(ValueError):
    """A drill was pointed at another machine."""


def loopback(base: str) -> tuple[str, int]:
    """Host and port of an origin on this machine; raises NotLoopback for any other."""
    parts = urlsplit(base)
    host = parts.hostname or ""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise NotLoopback(f"drills go to this machine only, not to {host}")
    return host, parts.port or 80


class Connection:
    """Ask, get the whole answer; opens itself again after a break."""

    def __init__(self, base: str) -> None:
        self._host, self._port = loopback(base)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Connect, also anew where the server hung up since the last answer."""
        if self._reader is not None and self._reader.at_eof():
            self.close()
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def get(self, path: str) -> Answer:
        return await self._ask(f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n\r\n")

    async def post(
        self, path: str, fields: dict[str, str], *, forwarded_for: str | None = None
    ) -> Answer:
        """Send a form; `forwarded_for` is the sender that a proxy would name."""
        body = urlencode(fields)
        named = f"X-Forwarded-For: {forwarded_for}\r\n" if forwarded_for else ""
        return await self._ask(
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{named}"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    async def exchange(
        self, request: bytes, *, bodyless: bool = False, patience: float = PATIENCE
    ) -> Answer:
        """Send these bytes as they are; `bodyless` says that the answer ends with its headers."""
        try:
            await self.open()
            assert self._writer
            self._writer.write(request)
            return await asyncio.wait_for(self._answer(bodyless), patience)
        except BaseException:
            self.close()
            raise

    async def _ask(self, request: str) -> Answer:
        return await self.exchange(request.encode("ascii"))

    async def _answer(self, bodyless: bool) -> Answer:
        assert self._reader
        status, headers = await self._head()
        while 100 <= status < 200:
            status, headers = await self._head()
        bodyless = bodyless or status in {204, 304}
        answer = Answer(status, headers, b"" if bodyless else await self._body(headers))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    async def _head(self) -> tuple[int, dict[str, str]]:
        assert self._reader
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return int(first.split()[1]), headers

    async def _body(self, headers: dict[str, str]) -> bytes:
        assert self._reader
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return await self._reader.readexactly(int(headers.get("content-length", "0")))
        body = b""
        while size := int((await self._reader.readline()).split(b";")[0], 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")
        return body


class ServerGone(DrillError):
    """The server hung up on an answer, or says nothing any more."""


class KeepAlive(Generic[T]):
    """One socket: a request is out, its answer comes in."""

    __slots__ = ("about", "answer", "began", "ended", "socket", "wanted")

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=STUCK)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = self.ended = 0.0
        self.answer = b""
        self.wanted = 0
        self.about: T

    def ask(self, request: bytes, about: T) -> None:
        """Send it; `about` is kept beside, to know the answer by."""
        self.about, self.answer, self.wanted = about, b"", 0
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def take(self) -> bool:
        """Read what came; whether the answer is whole."""
        chunk = self.socket.recv(1 << 16)
        self.ended = time.perf_counter()
        if not chunk:
            raise ServerGone("the server hung up in the middle of an answer")
        self.answer += chunk
        if not self.wanted:
            end = self.answer.find(b"\r\n\r\n")
            self.wanted = end + 4 + _length(self.answer[:end]) if end >= 0 else 0
        return 0 < self.wanted <= len(self.answer)


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


def answers(
    base: str, requests: Iterator[tuple[bytes, T]], *, connections: int
) -> Iterator[KeepAlive[T]]:
    """Send (request, what it is about), each connection anew when it has its answer; all answers.

    Without further requests what is under way is still awaited, so that nobody is cut off.
    """
    host, port = loopback(base)
    open_: list[KeepAlive[T]] = [KeepAlive(host, port) for _ in range(connections)]
    try:
        with selectors.DefaultSelector() as selector:
            for connection in open_:
                first = next(requests, None)
                if first is not None:
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                    connection.ask(*first)
            yield from _answers(selector, requests)
    finally:
        for connection in open_:
            connection.socket.close()


def _answers(
    selector: selectors.BaseSelector, requests: Iterator[tuple[bytes, T]]
) -> Iterator[KeepAlive[T]]:
    while selector.get_map():
        ready = selector.select(STUCK)
        if not ready:
            raise ServerGone(f"no answer for {STUCK:.0f} s")
        for key, _ in ready:
            connection: KeepAlive[T] = key.data
            if not connection.take():
                continue
            yield connection
            following = next(requests, None)
            if following is None:
                selector.unregister(connection.socket)
            else:
                connection.ask(*following)


class _Hidden(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden" and found.get("name"):
            self.fields[str(found["name"])] = found.get("value") or ""


def hidden_fields(page: bytes) -> dict[str, str]:
    """The hidden inputs of a page's forms."""
    parser = _Hidden()
    parser.feed(page.decode("utf-8", "replace"))
    return parser.fields

"""One keep-alive HTTP/1.1 connection to a server on this machine, with little between."""

import asyncio
import ipaddress
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

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

    async def post(self, path: str, fields: dict[str, str]) -> Answer:
        body = urlencode(fields)
        return await self._ask(
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    async def _ask(self, request: str) -> Answer:
        try:
            await self.open()
            assert self._writer
            self._writer.write(request.encode("ascii"))
            return await asyncio.wait_for(self._answer(), PATIENCE)
        except BaseException:
            self.close()
            raise

    async def _answer(self) -> Answer:
        assert self._reader
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        answer = Answer(int(first.split()[1]), headers, await self._body(headers))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return answer

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

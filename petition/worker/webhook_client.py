"""One POST over HTTPS to an address that a stranger chose: resolved once, checked, connected to.

The name's certificate is checked, as always. No redirect is followed, no proxy asked, no more
read than the head of the answer, and all of it ends after fifteen seconds.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from petition.domain.webhooks.address import (
    AddressRefused,
    EndpointAddress,
    address_of,
    may_connect,
)
from petition.domain.webhooks.event import Fault
from petition.errors import PetitionError

SECONDS: Final = 15.0
RESOLVE_SECONDS: Final = 5.0
MOST_HEAD: Final = 16_384
"""Bytes of an answer's head, with those of any 1xx before it."""
MOST_ADDRESSES: Final = 3
"""Of one name, that are tried."""

Resolver = Callable[[str, int], Sequence[str]]


class NotAnswered(PetitionError):
    """There was no answer."""

    def __init__(self, fault: Fault, *, may_have_arrived: bool = False) -> None:
        super().__init__(fault)
        self.fault = fault
        self.may_have_arrived = may_have_arrived
        """True once any of the message was sent: who was there may have read all of it."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is read of an answer."""

    status: int
    retry_after: str | None


def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, by this machine's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


class WebhookClient:
    """Sends messages to endpoints. `loopback` is for development: this machine is taken, too."""

    def __init__(
        self,
        *,
        loopback: bool = False,
        resolver: Resolver = resolve,
        context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._loopback = loopback
        self._resolver = resolver
        self._context = context or ssl.create_default_context()
        self._seconds = seconds

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Raises NotAnswered."""
        ends = time.monotonic() + self._seconds
        try:
            address = address_of(url, loopback=self._loopback)
        except AddressRefused:
            raise NotAnswered(Fault.ADDRESS) from None
        with _faults(may_have_arrived=False):
            connection = self._connected(address, ends)
        with connection, _faults(may_have_arrived=True):
            connection.settimeout(_left(ends))
            connection.sendall(_request(address, headers, body))
            return _read_reply(connection, ends)

    def _connected(self, address: EndpointAddress, ends: float) -> ssl.SSLSocket:
        """A connection to one of the addresses that were looked at, and to no other."""
        found = self._addresses(address)
        plain = _connect(found, address.port, ends)
        try:
            plain.settimeout(_left(ends))
            return self._context.wrap_socket(plain, server_hostname=address.host)
        except BaseException:
            plain.close()
            raise

    def _addresses(self, address: EndpointAddress) -> Sequence[str]:
        """Where the name leads. One address that is refused spoils all: no name needs both."""
        found = _resolved(self._resolver, address.host, address.port)
        if not found:
            raise NotAnswered(Fault.RESOLVE)
        if not all(may_connect(each, loopback=self._loopback) for each in found):
            raise NotAnswered(Fault.ADDRESS)
        return found[:MOST_ADDRESSES]


@contextmanager
def _faults(*, may_have_arrived: bool) -> Iterator[None]:
    """What goes wrong in the block, in our words."""
    try:
        yield
    except NotAnswered as failure:
        raise NotAnswered(failure.fault, may_have_arrived=may_have_arrived) from None
    except TimeoutError:
        raise NotAnswered(Fault.TIMEOUT, may_have_arrived=may_have_arrived) from None
    except ssl.SSLError:
        raise NotAnswered(Fault.TLS, may_have_arrived=may_have_arrived) from None
    except (OSError, http.client.HTTPException):
        raise NotAnswered(Fault.CONNECT, may_have_arrived=may_have_arrived) from None


def _resolved(resolver: Resolver, host: str, port: int) -> Sequence[str]:
    """A resolver knows no timeout: who waits for it is another thread."""
    found: list[Sequence[str]] = []

    def ask() -> None:
        try:
            found.append(resolver(host, port))
        except (OSError, UnicodeError):
            found.append(())

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(RESOLVE_SECONDS)
    return found[0] if found else ()


def _connect(found: Sequence[str], port: int, ends: float) -> socket.socket:
    for each in found[:-1]:
        try:
            return socket.create_connection((each, port), timeout=_left(ends) / len(found))
        except OSError:
            continue
    return socket.create_connection((found[-1], port), timeout=_left(ends))


def _request(address: EndpointAddress, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = {
        "Host": address.authority,
        "User-Agent": "petition-webhooks",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {address.target} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


def _read_reply(connection: ssl.SSLSocket, ends: float) -> Reply:
    received = b""
    while True:
        head, found, rest = received.partition(b"\r\n\r\n")
        if found:
            reply = _reply(head)
            if reply.status >= 200:
                return reply
            received = rest
            continue
        if len(received) > MOST_HEAD:
            raise NotAnswered(Fault.ANSWER)
        connection.settimeout(_left(ends))
        more = connection.recv(4096)
        if not more:
            raise NotAnswered(Fault.ANSWER)
        received += more


def _reply(head: bytes) -> Reply:
    first, _, lines = head.partition(b"\r\n")
    version, _, rest = first.partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/1.") or not status.isdigit() or rest[3:4] not in {b"", b" "}:
        raise NotAnswered(Fault.ANSWER)
    if not 100 <= int(status) <= 599:
        raise NotAnswered(Fault.ANSWER)
    found = http.client.parse_headers(io.BytesIO(lines + b"\r\n\r\n"))
    return Reply(status=int(status), retry_after=found.get("Retry-After"))


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left

"""The gateway: what the app is handed, and how an answer that is made while it is sent goes out."""

from __future__ import annotations

import os
import socket
import threading
import time
from asyncio import CancelledError
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from petition.web.http.gateway import DEFERRAL, DEFERRED, Answer, Deferral, Gateway
from petition.web.http.gateway.deferral import Timetable
from tests.factories import until

CHUNK = b"x" * 65_536


class GivenUp:
    """The future of a body that was given up before it came, as the server cancels it."""

    def __init__(self) -> None:
        self.soon: Callable[[Callable[[], None]], None] = lambda job: job()
        self._callback: Callable[[Any], None] | None = None

    def add_done_callback(self, callback: Callable[[Any], None], *, context: Any) -> None:
        self._callback = callback

    def cancel(self) -> None:
        assert self._callback
        callback = self._callback
        self.soon(lambda: callback(self))

    def result(self) -> bytes:
        raise CancelledError


@dataclass
class Headers:
    """As the server gives them: names in small letters, some of them more than once."""

    pairs: list[tuple[str, str]]

    def items(self) -> list[tuple[str, str]]:
        return self.pairs


@dataclass
class Scope:
    """A request's first lines."""

    headers: Headers = field(default_factory=lambda: Headers([("host", "petition.example.org")]))
    method: str = "GET"
    path: str = "/"
    query_string: str = ""
    server: str = "127.0.0.1:8000"
    client: str = "192.0.2.7:4711"
    http_version: str = "1.1"
    scheme: str = "http"
    authority: str | None = None


class Exchange:
    """A way back that keeps what was sent."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""
        self.reader: int | None = None

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.body = status, body

    def response_file(self, status: int, headers: list[tuple[str, str]], path: str) -> None:
        self.status = status
        self.reader = os.open(path, os.O_RDONLY)


def taken(app: Any, scope: Scope, exchange: Exchange) -> threading.Event:
    done = threading.Event()
    Gateway(app, 1).take(scope, exchange, done.set)  # type: ignore[arg-type]  # no body here
    return done


def environ_of(scope: Scope) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        seen.update(environ)
        start("204 No Content", [])
        return []

    assert taken(app, scope, Exchange()).is_set()
    return seen


def test_what_the_app_is_handed() -> None:
    found = environ_of(
        Scope(
            method="HEAD",
            path="/fr/é",
            query_string="a=%C3%A9",
            headers=Headers([("host", "a"), ("content-type", "b"), ("x-one", "1")]),
        )
    )
    assert found["REQUEST_METHOD"] == "HEAD"
    assert found["PATH_INFO"].encode("latin-1").decode() == "/fr/é"
    assert found["SCRIPT_NAME"] == ""
    assert found["QUERY_STRING"] == "a=%C3%A9"
    assert found["REMOTE_ADDR"] == "192.0.2.7"
    assert (found["SERVER_NAME"], found["SERVER_PORT"]) == ("127.0.0.1", "8000")
    assert found["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert (found["HTTP_HOST"], found["CONTENT_TYPE"], found["HTTP_X_ONE"]) == ("a", "b", "1")
    assert found["wsgi.input"].read() == b""


@pytest.mark.parametrize(
    "query", ["source=Solidarność", "source=é", "x=سلام", "😀", "a=%C5%9B&b=ś", ""]
)
def test_letters_that_a_program_sends_as_they_are_stay_in_the_query(query: str) -> None:
    found = environ_of(Scope(query_string=query))
    assert found["QUERY_STRING"].encode("latin-1").decode() == query


def test_an_address_of_the_newer_kind() -> None:
    found = environ_of(Scope(client="[2001:db8::7]:4711", server="[::1]:80"))
    assert (found["REMOTE_ADDR"], found["SERVER_NAME"]) == ("2001:db8::7", "::1")


def test_lines_of_one_name_are_joined_in_their_order() -> None:
    lines = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "192.0.2.2")]
    assert (
        environ_of(Scope(headers=Headers(lines)))["HTTP_X_FORWARDED_FOR"] == "192.0.2.1,192.0.2.2"
    )


def test_a_name_with_an_underscore_does_not_pass_for_the_proxys_own() -> None:
    lines = [("x-forwarded-for", "192.0.2.1"), ("x_forwarded_for", "203.0.113.9")]
    found = environ_of(Scope(headers=Headers(lines)))
    assert found["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"
    assert "" not in found


def test_no_setting_of_the_process_is_handed_on() -> None:
    assert not set(environ_of(Scope())) & set(os.environ)


class Stream:
    """An app whose answer is made while it is sent."""

    def __init__(self, chunks: int) -> None:
        self.chunks, self.made, self.closed = chunks, 0, threading.Event()

    def __call__(self, environ: dict[str, Any], start: Callable[..., None]) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "text/csv")])
        return self._body()

    def _body(self) -> Iterator[bytes]:
        try:
            for _ in range(self.chunks):
                self.made += 1
                yield CHUNK
        finally:
            self.closed.set()


def test_no_more_is_made_than_its_reader_takes() -> None:
    app, exchange = Stream(100), Exchange()
    done = taken(app, Scope(), exchange)
    until(lambda: exchange.reader is not None)
    assert exchange.reader is not None
    got = os.read(exchange.reader, 1)
    until(lambda: app.made >= 2)
    assert app.made < 10
    assert not done.is_set()
    while piece := os.read(exchange.reader, 1 << 20):
        got += piece
    os.close(exchange.reader)
    assert got == CHUNK * 100
    assert done.wait(30)
    assert app.closed.is_set()


def test_a_reader_that_goes_away_ends_it() -> None:
    app, exchange = Stream(10_000), Exchange()
    done = taken(app, Scope(), exchange)
    until(lambda: exchange.reader is not None)
    assert exchange.reader is not None
    for _ in range(3):
        os.read(exchange.reader, 1 << 16)
    os.close(exchange.reader)
    assert done.wait(30)
    assert app.closed.is_set()
    assert app.made < 20


def failing(after: int) -> Callable[..., Iterator[bytes]]:
    """An app whose answer breaks after so many chunks."""

    def app(environ: dict[str, Any], start: Callable[..., None]) -> Iterator[bytes]:
        start("200 OK", [("Content-Type", "text/csv")])

        def body() -> Iterator[bytes]:
            yield from [CHUNK] * after
            raise ValueError("Ada Lovelace")

        return body()

    return app


def test_what_breaks_before_its_first_byte_sends_nothing_of_any_other_file() -> None:
    exchange = Exchange()
    assert taken(failing(0), Scope(), exchange).wait(30)
    assert (exchange.status, exchange.reader) == (0, None)


def test_an_answer_of_nothing_is_whole() -> None:
    exchange = Exchange()
    assert taken(Stream(0), Scope(), exchange).wait(30)
    assert (exchange.status, exchange.body, exchange.reader) == (200, b"", None)


def test_what_breaks_under_way_does_not_end_like_a_whole_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, (host, port) = listener.accept()
    with client, ours:
        client.settimeout(30)
        exchange = Exchange()
        done = taken(failing(1), Scope(client=f"{host}:{port}"), exchange)
        until(lambda: exchange.reader is not None)
        assert exchange.reader is not None
        while os.read(exchange.reader, 1 << 20):
            pass
        os.close(exchange.reader)
        assert done.wait(30)
        assert client.recv(1) == b""


def test_an_app_that_breaks_does_not_break_the_servers_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def app(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        raise ValueError("Ada Lovelace")

    assert taken(app, Scope(), Exchange()).is_set()
    assert "ValueError at test_gateway.py:" in caplog.text
    assert "Lovelace" not in caplog.text


def test_a_body_that_is_given_up_keeps_its_thread_and_gets_its_answer() -> None:
    """A cancelled future is no Exception: it ended the one thread, and nobody was answered."""

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("408 Request Timeout", [])
        return [b"late"]

    gateway = Gateway(app, 1, body_seconds=0.01)
    late = GivenUp()
    late.soon = gateway.soon

    class Slow(Exchange):
        def __call__(self) -> GivenUp:
            return late

    for _ in range(3):
        exchange = Slow()
        form = Headers([("host", "petition.example.org"), ("content-length", "5")])
        gateway.take(Scope(headers=form, method="POST"), exchange, lambda: None)
        until(lambda exchange=exchange: exchange.status == 408)  # type: ignore[misc]


def test_a_deferred_answer_holds_no_thread() -> None:
    """One thread runs the app, and answers a second request while the first one waits."""
    deferrals: list[Deferral] = []

    def app(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        if environ["PATH_INFO"] == "/later":
            deferrals.append(environ[DEFERRAL])
            return DEFERRED
        start("204 No Content", [])
        return []

    gateway = Gateway(app, 1)
    later, now = Exchange(), Exchange()
    later_done, now_done = threading.Event(), threading.Event()
    gateway.soon(lambda: gateway.answer(_posted("/later"), later, later_done.set))  # type: ignore[arg-type]
    gateway.soon(lambda: gateway.answer(_posted("/now"), now, now_done.set))  # type: ignore[arg-type]
    assert now_done.wait(30)
    assert now.status == 204
    assert not later_done.is_set()
    assert later.status == 0
    deferrals[0].answer(Answer("303 SEE OTHER", [("Location", "/")]), at=time.monotonic())
    assert later_done.wait(30)
    assert later.status == 303


def test_a_deferred_request_may_go_back_to_the_app() -> None:
    seen: list[str] = []

    def app(environ: dict[str, Any], start: Callable[..., None]) -> list[bytes]:
        if "again" not in environ:
            deferral: Deferral = environ[DEFERRAL]
            environ["again"] = "yes"
            deferral.ask_app(environ)
            return DEFERRED
        seen.append(environ["again"])
        start("503 Service Unavailable", [("Content-Length", "5")])
        return [b"later"]

    exchange, done = Exchange(), threading.Event()
    gateway = Gateway(app, 1)
    gateway.answer(_posted("/"), exchange, done.set)  # type: ignore[arg-type]
    assert done.wait(30)
    assert (exchange.status, exchange.body, seen) == (503, b"later", ["yes"])


def test_a_reader_who_left_keeps_nobody_elses_answer() -> None:
    class Gone(Exchange):
        def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            raise RuntimeError

    timetable, here, done, left = Timetable(), Exchange(), threading.Event(), threading.Event()
    answer = Answer("303 SEE OTHER", [])
    now = time.monotonic()
    for exchange, end in ((Gone(), left), (here, done)):
        Deferral(exchange, end.set, timetable, _never).answer(answer, at=now)  # type: ignore[arg-type]
    assert done.wait(30)
    assert left.is_set()
    assert here.status == 303


def test_a_timetable_keeps_the_order_of_its_times() -> None:
    timetable, done, end = Timetable(), [], threading.Event()
    now = time.monotonic()
    for number in (3, 1, 2):
        timetable.put(now + number / 100, lambda number=number: done.append(number))  # type: ignore[misc]
    timetable.put(now + 0.04, end.set)
    assert end.wait(30)
    assert done == [1, 2, 3]
    assert time.monotonic() >= now + 0.04


def _posted(path: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "REMOTE_ADDR": "192.0.2.7",
        "REMOTE_PORT": "4711",
    }


def _never(*_: object) -> None:
    raise AssertionError

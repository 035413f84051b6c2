"""Answers that are the same for everybody are given again before Flask is asked.

On the day when the whole country signs, nearly every request is for the campaign's page, and its
bytes lie ready: what the framework does around them would be most of the work. An answer is good
for as long as the page that it came from lies fresh in the campaign cache.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import Flask

from petition.web.http.cached_response import SHARED, Shared
from petition.web.http.dependencies import dependencies_of
from petition.web.http.senders import peer_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST: Final = 512
"""Addresses whose answers are kept, queries included; beyond that all are forgotten."""
_ASKS_MORE: Final = ("HTTP_COOKIE", "HTTP_IF_NONE_MATCH", "HTTP_RANGE")
"""Headers whose requests Flask answers."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Ready:
    shared: Shared
    status: str
    headers: list[tuple[str, str]]
    body: bytes


class ReadyAnswers:
    """In front of the app, behind what finds out who asks."""

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self._app, self._inner = app, inner
        self._ready: dict[Key, _Ready] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        key = _key(environ)
        if key is None:
            return self._inner(environ, start_response)
        ready = self._ready.get(key)
        if ready is None or not self._is_good(ready) or not self._may_ask(environ):
            return self._asked(key, environ, start_response)
        start_response(ready.status, ready.headers.copy())
        return [ready.body]

    def _is_good(self, ready: _Ready) -> bool:
        cache = dependencies_of(self._app).campaign_cache
        return cache.peek(ready.shared.key) is ready.shared.made

    def _may_ask(self, environ: WSGIEnvironment) -> bool:
        """Count the request; False where that takes the database, or too many were counted."""
        deps, peer = dependencies_of(self._app), peer_of(environ)
        return deps.senders.are_hidden(peer) or deps.requests.count_here(
            peer.network, at=deps.now()
        )

    def _asked(
        self, key: Key, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Flask's answer, kept if it is one for everybody."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
            started.append((status, headers))
            return start_response(status, headers, exc_info)  # type: ignore[arg-type]

        parts = self._inner(environ, start)  # type: ignore[arg-type]
        shared = environ.get(SHARED)
        if shared is None or not started or not started[-1][0].startswith("200 "):
            return parts
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", _nothing)()
        if len(self._ready) >= MOST:
            self._ready.clear()
        status, headers = started[-1]
        self._ready[key] = _Ready(shared, status, headers.copy(), body)
        return [body]


def _key(environ: WSGIEnvironment) -> Key | None:
    """What the answer depends on; None where it may depend on more."""
    encodings = environ.get("HTTP_ACCEPT_ENCODING", "")
    if (
        environ["REQUEST_METHOD"] != "GET"
        or "gzip" not in encodings
        or "q=" in encodings
        or any(name in environ for name in _ASKS_MORE)
    ):
        return None
    return environ["PATH_INFO"], environ["QUERY_STRING"]


def _nothing() -> None:
    """There is nothing to close."""


def install(app: Flask) -> None:
    """Give what lies ready; call it before what finds out who asks is put around the app."""
    app.wsgi_app = ReadyAnswers(app, app.wsgi_app)  # type: ignore[method-assign]

"""Responses that are the same for everybody: their bytes made once, ready compressed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from flask import Response, make_response, request

from petition.web.http.dependencies import deps
from petition.web.http.security import OPEN

CACHE_CONTROL: Final = "public, max-age=10, stale-while-revalidate=10, stale-if-error=600"


@dataclass(frozen=True)
class Made:
    """An answer's bytes, plain and compressed, and its entity tag."""

    plain: bytes
    compressed: bytes | None
    """None where compressing saves next to nothing."""
    etag: str
    content_type: str


@dataclass(frozen=True)
class Shared:
    """The cache's key of a page, and what lay there: the answer is good while it lies there."""

    key: object
    made: Made


SHARED: Final = "petition.shared"
"""In the WSGI environment: that the answer is the same for everybody (web/http/ready_answers)."""


def made(plain: bytes, content_type: str, level: int = 6) -> Made:
    """The bytes, ready to be answered as often as they are asked for."""
    packed = gzip.compress(plain, level, mtime=0)
    compressed = packed if len(packed) < len(plain) * 0.9 else None
    return Made(plain, compressed, sha256(plain).hexdigest()[:24], content_type)


def shared(key: object, make: Callable[[], str]) -> Response:
    """The page, from this process's small cache; 304 to who has it already."""
    found = deps().campaign_cache.keep(
        ("page", key), lambda: made(make().encode(), "text/html; charset=utf-8")
    )
    request.environ[SHARED] = Shared(("page", key), found)
    return answer(found, CACHE_CONTROL)


def answer(made: Made, cache_control: str) -> Response:
    """As the asking program takes it: compressed or plain, or not again if it has it already."""
    zipped = made.compressed is not None and _takes_gzip()
    etag = f'"{made.etag}{"-gz" if zipped else ""}"'
    if etag in request.headers.get("If-None-Match", ""):
        response = Response(status=304)
    else:
        response = Response(
            made.compressed if zipped else made.plain, content_type=made.content_type
        )
        if zipped:
            response.headers["Content-Encoding"] = "gzip"
    response.headers["ETag"] = etag
    if made.compressed is not None:
        response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = cache_control
    return response


def plain_text(text: str) -> Response:
    """A few lines for programs."""
    return Response(text, content_type="text/plain; charset=utf-8")


def _takes_gzip() -> bool:
    header = request.headers.get("Accept-Encoding", "")
    return "gzip" in header and ("q=" not in header or request.accept_encodings["gzip"] > 0)


def uncached(body: str, status: int = 200) -> Response:
    """An answer to one request alone."""
    response = make_response(body, status)
    response.headers["Cache-Control"] = "no-store"
    # A form that is shown again must be sent with its origin, as it was the first time.
    response.headers.set(*OPEN)
    return response

"""Pages that are the same for everybody: made once every few seconds, ready compressed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from flask import Response, request

from petition.web.house import house

CACHE_CONTROL: Final = "public, max-age=10, stale-while-revalidate=10, stale-if-error=600"


@dataclass(frozen=True)
class Made:
    """A page's bytes, plain and compressed, and its entity tags."""

    plain: bytes
    compressed: bytes
    etag: str


def shared(key: object, make: Callable[[], str]) -> Response:
    """The page, from this process's small cache; 304 to who has it already."""
    made = house().calls.keep(("page", key), lambda: _made(make()))
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    etag = f'"{made.etag}{"-gz" if zipped else ""}"'
    if etag in request.headers.get("If-None-Match", ""):
        response = Response(status=304)
    else:
        response = Response(
            made.compressed if zipped else made.plain, content_type="text/html; charset=utf-8"
        )
        if zipped:
            response.headers["Content-Encoding"] = "gzip"
    response.headers["ETag"] = etag
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = CACHE_CONTROL
    return response


def _made(text: str) -> Made:
    plain = text.encode()
    return Made(plain, gzip.compress(plain, 6, mtime=0), sha256(plain).hexdigest()[:24])

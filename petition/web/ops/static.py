"""Static files, each under an address that changes with its bytes."""

from __future__ import annotations

from functools import cache
from typing import Final

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from petition import rendering
from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import Made, answer, made

static = Blueprint("static", __name__)

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
"""What lies in static/, by the end of its name."""


@static.get("/static/<version>/<path:name>")
@access(PUBLIC)
def file(version: str, name: str) -> Response:
    """A static file under an address that changes with its bytes."""
    # Each file has one name, or its many spellings would fill the memory.
    if name not in _names() or not rendering.asset(name).startswith(f"/static/{version}/"):
        raise NotFound
    return answer(_made(name), "public, max-age=31536000, immutable")


@cache
def _names() -> frozenset[str]:
    files = (path for path in rendering.STATIC.rglob("*") if path.suffix in TYPES)
    return frozenset(path.relative_to(rendering.STATIC).as_posix() for path in files)


@cache
def _made(name: str) -> Made:
    path = rendering.STATIC / name
    return made(path.read_bytes(), TYPES[path.suffix], level=9)

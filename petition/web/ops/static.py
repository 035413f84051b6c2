"""Static files, each under an address that changes with its bytes."""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath
from typing import Final

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from petition import assets
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
    if name not in assets.names() or not assets.address(name).startswith(f"/static/{version}/"):
        raise NotFound
    return answer(_made(name), "public, max-age=31536000, immutable")


@cache
def _made(name: str) -> Made:
    return made(assets.content(name), TYPES[PurePosixPath(name).suffix], level=9)

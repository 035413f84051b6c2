"""Static files, each under an address that changes with its bytes."""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath
from typing import Final

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from petition import assets
from petition.assets import EMBED
from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import Made, answer, made
from petition.web.http.security import FOR_SANDBOXES

static = Blueprint("static", __name__)

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
"""What lies in static/, by the end of its name."""


FOR_OTHER_SITES: Final = frozenset({EMBED})
"""What pages of other sites load; `integrity` needs the second of these headers."""
_OPEN_TO_ALL: Final = FOR_SANDBOXES | {"Access-Control-Allow-Origin": "*"}
FOR_FRAMES: Final = frozenset(
    {
        *(name for name in assets.SHEETS if name.startswith("css/frame-")),
        *("js/frame.js", "js/country.js", "js/site.js", "favicon.svg"),
    }
)
"""What the pages in frames load."""


@static.get("/static/<version>/<path:name>")
@access(PUBLIC)
def file(version: str, name: str) -> Response:
    """A static file under an address that changes with its bytes."""
    # Each file has one name, or its many spellings would fill the memory.
    if name not in assets.names() or not assets.address(name).startswith(f"/static/{version}/"):
        raise NotFound
    return _answered(name, "public, max-age=31536000, immutable")


@static.get("/embed.js")
@access(PUBLIC)
def embed_script() -> Response:
    """The newest of the script that partners name, for those who want what we mend in it."""
    return _answered(EMBED, "public, max-age=600")


def _answered(name: str, cache_control: str) -> Response:
    response = answer(_made(name), cache_control)
    if name in FOR_OTHER_SITES:
        response.headers.update(_OPEN_TO_ALL)
    if name in FOR_FRAMES:
        response.headers.update(FOR_SANDBOXES)
    return response


@cache
def _made(name: str) -> Made:
    return made(assets.content(name), TYPES[PurePosixPath(name).suffix], level=9)

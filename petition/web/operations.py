"""Operations: is it up, is it ready, static files, and whom to tell of a hole."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Final

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from petition import rendering
from petition.store.db import db, is_migrated
from petition.web.access import PUBLIC, access
from petition.web.errors import error_page
from petition.web.house import house
from petition.web.pages import Made, answer, made, plain_text

operations = Blueprint("operations", __name__)

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
"""What lies in static/, by the end of its name."""


@operations.get("/healthz")
@access(PUBLIC)
def healthz() -> Response:
    """This process answers."""
    return plain_text("ok\n")


@operations.get("/readyz")
@access(PUBLIC)
def readyz() -> Response:
    """The database answers and has the tables that this version needs."""
    return plain_text("ready\n") if is_migrated(db.engine) else error_page(503)


@operations.get("/static/<version>/<path:name>")
@access(PUBLIC)
def static_file(version: str, name: str) -> Response:
    """A static file under an address that changes with its bytes."""
    # Each file has one name, or its many spellings would fill the memory.
    if name not in _names() or not rendering.asset(name).startswith(f"/static/{version}/"):
        raise NotFound
    return answer(_file(name), "public, max-age=31536000, immutable")


@cache
def _names() -> frozenset[str]:
    files = (path for path in rendering.STATIC.rglob("*") if path.suffix in TYPES)
    return frozenset(path.relative_to(rendering.STATIC).as_posix() for path in files)


@cache
def _file(name: str) -> Made:
    path = rendering.STATIC / name
    return made(path.read_bytes(), TYPES[path.suffix], level=9)


@operations.get("/.well-known/security.txt")
@access(PUBLIC)
def security_txt() -> Response:
    """RFC 9116; the end of its validity is always three months ahead."""
    expires = (house().now() + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    address = house().settings.mail_from
    contact = address[address.find("<") + 1 :].rstrip(">") if "<" in address else address
    return plain_text(f"Contact: mailto:{contact}\nExpires: {expires}\n")

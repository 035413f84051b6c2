"""Operations: is it up, is it ready, static files, and what robots and finders may know."""

from __future__ import annotations

from datetime import timedelta
from posixpath import normpath

from flask import Blueprint, Response, make_response, send_from_directory
from werkzeug.exceptions import NotFound

from petition import rendering
from petition.store.db import db, is_migrated
from petition.web.access import PUBLIC, access
from petition.web.errors import error_page
from petition.web.house import house

operations = Blueprint("operations", __name__)


@operations.get("/healthz")
@access(PUBLIC)
def healthz() -> Response:
    """This process answers."""
    return _text("ok\n")


@operations.get("/readyz")
@access(PUBLIC)
def readyz() -> Response:
    """The database answers and has the tables that this version needs."""
    return _text("ready\n") if is_migrated(db.engine) else error_page(503)


@operations.get("/static/<version>/<path:name>")
@access(PUBLIC)
def static_file(version: str, name: str) -> Response:
    """A static file under an address that changes with its bytes."""
    if name != normpath(name):  # a file has one name, or its many spellings would fill the memory
        raise NotFound
    response = send_from_directory(rendering.STATIC, name, max_age=31_536_000)
    if not rendering.asset(name).startswith(f"/static/{version}/"):
        raise NotFound
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@operations.get("/robots.txt")
@access(PUBLIC)
def robots() -> Response:
    """Finders may show the calls, and nothing that is anybody's own."""
    closed = "".join(
        f"Disallow: /{place}/\n" for place in ("confirm", "my", "staff", "unsubscribe")
    )
    return _text(f"User-agent: *\n{closed}")


@operations.get("/.well-known/security.txt")
@access(PUBLIC)
def security_txt() -> Response:
    """RFC 9116; the end of its validity is always three months ahead."""
    expires = (house().now() + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    address = house().settings.mail_from
    contact = address[address.find("<") + 1 :].rstrip(">") if "<" in address else address
    return _text(f"Contact: mailto:{contact}\nExpires: {expires}\n")


def _text(text: str) -> Response:
    response = make_response(text)
    response.content_type = "text/plain; charset=utf-8"
    return response

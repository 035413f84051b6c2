"""Health checks: is this process there, and would it take a signature."""

from __future__ import annotations

from flask import Blueprint, Response

from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import plain_text
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page

health = Blueprint("health", __name__)


@health.get("/healthz")
@access(PUBLIC)
def healthz() -> Response:
    """This process answers."""
    return plain_text("ok\n")


@health.get("/readyz")
@access(PUBLIC)
def readyz() -> Response:
    """The database answers, has the tables that this version needs, and takes writes."""
    ready = deps().readiness.ready()
    return plain_text("ready\n") if ready else error_page(503)

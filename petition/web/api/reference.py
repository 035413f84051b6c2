"""The document of the API, and the same as a page that people read."""

from __future__ import annotations

from typing import Final

import msgspec
from flask import Blueprint, Response, current_app

from petition.web.api import openapi, readable_document
from petition.web.http import cached_response
from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import Made
from petition.web.http.dependencies import deps
from petition.web.http.locale import language
from petition.web.http.rendering import page

reference = Blueprint("api_reference", __name__, url_prefix="/api/v1")

CACHE_CONTROL: Final = "public, max-age=600"
TITLE: Final = "API"


@reference.get("/openapi.json")
@access(PUBLIC)
def document() -> Response:
    """The whole document."""
    return cached_response.answer(deps().ttl_cache.keep("openapi", _made), CACHE_CONTROL)


@reference.get("/")
@access(PUBLIC)
def readable() -> Response:
    """The same for people, in English."""
    made = deps().ttl_cache.keep(("api-page", language().code), _page)
    response = cached_response.answer(made, CACHE_CONTROL)
    response.headers.add("Vary", "Accept-Language")
    return response


def _made() -> Made:
    found = msgspec.json.encode(openapi.document(current_app))
    return cached_response.made(msgspec.json.format(found, indent=2), openapi.JSON)


def _page() -> Made:
    words = readable_document.html(openapi.document(current_app), TITLE)
    text = page("api/reference.html", title=TITLE, words=words)
    return cached_response.made(text.encode(), "text/html; charset=utf-8")

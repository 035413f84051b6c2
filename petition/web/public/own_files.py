"""A campaign's own picture, logo and colours, each under an address that changes with its bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

from flask import Blueprint, Response

from petition.domain.campaigns import colours
from petition.domain.campaigns.presentation import Drawing, Presentation
from petition.errors import NotFound
from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import CACHE_CONTROL, answer, made
from petition.web.http.dependencies import deps

own_files = Blueprint("own_files", __name__)

FOR_EVER: Final = "public, max-age=31536000, immutable"
SVG: Final = "image/svg+xml; charset=utf-8"
CSS: Final = "text/css; charset=utf-8"


def _svg(found: Drawing | None) -> str:
    return found.svg if found else ""


_FILES: Final[Mapping[str, tuple[str, Callable[[Presentation], str]]]] = {
    "picture.svg": (SVG, lambda own: _svg(own.picture)),
    "logo.svg": (SVG, lambda own: _svg(own.logo)),
    "colours.css": (CSS, lambda own: colours.style_sheet(own.accent) if own.accent else ""),
}
"""Name to media type and text; a campaign that has no such file has an empty text."""


@own_files.get("/static/<version>/campaigns/<slug:slug>/<own_name>")
@access(PUBLIC)
def file(version: str, slug: str, own_name: str) -> Response:
    """One of the campaign's own files. An older version's address leads to the newest."""
    own = deps().campaign_cache.presentation(slug)
    if own_name not in _FILES or not (text := _text(own_name, own)):
        raise NotFound
    found = deps().campaign_cache.keep(
        ("own_file", slug, own_name, _version(text)),
        lambda: made(text.encode(), _FILES[own_name][0], level=9),
    )
    return answer(found, FOR_EVER if version == _version(text) else CACHE_CONTROL)


def look(slug: str, own: Presentation) -> dict[str, Any]:
    """Where a page finds the campaign's own files, and how large its drawings are."""
    return {
        "colours": _address(slug, "colours.css", own),
        "picture": _shown(slug, "picture.svg", own, own.picture),
        "logo": _shown(slug, "logo.svg", own, own.logo),
    }


def _shown(slug: str, name: str, own: Presentation, drawing: Drawing | None) -> dict[str, Any]:
    if drawing is None:
        return {}
    address = _address(slug, name, own)
    return {"address": address, "width": drawing.width, "height": drawing.height}


def _address(slug: str, name: str, own: Presentation) -> str:
    text = _text(name, own)
    return f"/static/{_version(text)}/campaigns/{slug}/{name}" if text else ""


def _text(name: str, own: Presentation) -> str:
    return _FILES[name][1](own)


def _version(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]

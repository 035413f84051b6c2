"""Who signs, and why: names and comments of those who chose it, once staff have read them."""

from __future__ import annotations

from flask import Blueprint, Response, request

from petition.errors import NotFound
from petition.services import reviewing
from petition.services.reviewing import NEWEST
from petition.store.db import reading
from petition.web.access import PUBLIC, access
from petition.web.calls import Shown
from petition.web.frame import frame, shown_call
from petition.web.house import house, language, page
from petition.web.pages import shared

names = Blueprint("names", __name__)


@names.get("/<lang:code>/<slug:slug>/names")
@access(PUBLIC)
def listed(code: str, slug: str) -> Response:
    """Ten at a time, the last approved first; `before` goes on below that one."""
    before = place_in("before") or NEWEST
    shown = shown_call(code, slug)
    response = shared((slug, code, "names", before), lambda: _page(shown, before))
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def place_in(name: str) -> int | None:
    """The id that a list goes on from; None where the address names none. Raises NotFound."""
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 19 and int(text)):
        raise NotFound
    return int(text)


def _page(shown: Shown, before: int) -> str:
    with reading() as session:
        found = reviewing.shown(session, house().vault, shown.view.id, before=before)
    if before != NEWEST and not found.names:
        raise NotFound
    place = "/names" if before == NEWEST else f"/names?before={before}"
    return page(
        "public/names.html",
        found=found,
        newest=NEWEST,
        country_names=dict(language().countries()),
        **frame(shown.view, place),
    )

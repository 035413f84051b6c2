"""Public names: names and comments of those who chose it, once staff have read them."""

from __future__ import annotations

from flask import Blueprint, Response

from petition.errors import NotFound
from petition.services.signatures import public_names
from petition.services.signatures.moderation import NEWEST
from petition.store.db import reading
from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import shared
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.locale import language
from petition.web.http.rendering import page
from petition.web.http.url_converters import place_in
from petition.web.public.campaign_page import page_context, shown_call

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


def _page(shown: CachedCampaign, before: int) -> str:
    with reading() as session:
        found = public_names.shown(
            session, deps().vault, shown.view.id, before=before, at=deps().now()
        )
    if before != NEWEST and not found.names:
        raise NotFound
    place = "/names" if before == NEWEST else f"/names?before={before}"
    return page(
        "public/names.html",
        found=found,
        newest=NEWEST,
        country_names=dict(language().countries()),
        **page_context(shown.view, place),
    )

"""`/oembed`: for systems that show more of an address of ours than the address."""

from __future__ import annotations

import json
from typing import Final
from xml.etree import ElementTree as Xml

from flask import Blueprint, Response, request

from petition.services.partners import oembed
from petition.services.partners.oembed import FORMATS, Fields, NotForEverybody, Room, Shown
from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import CACHE_CONTROL, answer, made
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page
from petition.web.http.locale import language
from petition.web.public.campaign_page import organiser_of, shown_call

oembeds = Blueprint("oembed", __name__)

_MOST_DIGITS: Final = 5


@oembeds.get("/oembed")
@access(PUBLIC)
def about() -> Response:
    """What the address in `url` stands for, as JSON or XML."""
    name = request.args.get("format", "json")
    if name not in FORMATS:
        return error_page(501)
    try:
        found = _about(request.args.get("url", ""))
    except NotForEverybody:
        return error_page(401)
    body = _as_xml(found) if name == "xml" else json.dumps(found, ensure_ascii=False).encode()
    response = answer(made(body, f"{FORMATS[name]}; charset=utf-8"), CACHE_CONTROL)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _about(url: str) -> Fields:
    base_url, cache = deps().settings.base_url, deps().campaign_cache
    named = oembed.address_of(base_url, url)
    spoken = cache.languages(named.campaign)
    code = named.language if named.language in spoken else spoken[0]
    view = shown_call(code, named.campaign).view
    partner = cache.partner(named.campaign, named.partner)
    return oembed.fields(
        base_url,
        Shown(
            campaign=view.slug,
            language=view.language,
            ask=view.call.ask,
            organiser=language().organiser(organiser_of(view)),
        ),
        partner if partner is not None and partner.is_live else None,
        Room(width=_pixels("maxwidth"), height=_pixels("maxheight")),
    )


def _pixels(name: str) -> int | None:
    """A whole number of the query; None where it has none, or no such number."""
    text = request.args.get(name, "")
    plain = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) or None if plain else None


def _as_xml(found: Fields) -> bytes:
    root = Xml.Element("oembed")
    for name, value in found.items():
        Xml.SubElement(root, name).text = str(value)
    body: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return body

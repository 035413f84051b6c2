"""Addresses as people type them from a poster or copy them out of a sentence: led to those meant.

Only where no page is found, only to a page that there is, and never for anything but looking.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from flask import Flask, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n
from petition.errors import NotFound as NothingHere
from petition.web.http.dependencies import deps
from petition.web.http.url_converters import query

_LONGEST: Final = 2000
_STUCK: Final = " \t\r\n.,;:!?()[]{}<>\"'`*|«»‹›“”„‟‘’‚‛…·•–—。，、；：！？（）「」『』【】《》؟،؛"
"""What sentences put around an address."""
_QUERY_BEGINS: Final = re.compile(r"[?&](?:amp;)*(?=\w+=)")
_REGION: Final = re.compile(r"[a-z0-9-]{2,20}")
_SHORT: Final = frozenset({"code", "my"})
"""The addresses that letters name without naming a call (web/public/link_requests.py)."""
_PLACES: Final = frozenset(
    {
        "asked",
        "card.png",
        "code",
        "confirmed",
        "my",
        "names",
        "poster.pdf",
        "privacy",
        "qr.png",
        "qr.svg",
        "thanks",
    }
)
"""The pages of a call, by the last part of their addresses."""
_DOORS: Final = frozenset({"confirm", "my", "partner", "stop", "unsubscribe"})
"""Where mailed links lead. Their tokens keep their letters as they are
(web/http/url_converters.py)."""


def install(app: Flask) -> None:
    """Look at what is asked for before it is answered with “nothing here”."""
    app.before_request(lead_on)


def lead_on() -> BaseResponse | None:
    """A redirect to the address that was meant, on this host; None where there is no doubt."""
    failure = request.routing_exception
    # Flask reads `//amazon` as `/amazon`.
    doubled = request.environ["PATH_INFO"].startswith("//")
    lost = doubled or isinstance(failure, (NotFound, RequestRedirect))
    looking = request.method in {"GET", "HEAD"}
    address = meant(f"/{request.path}" if doubled else request.path) if lost and looking else None
    if address is None:
        if isinstance(failure, RequestRedirect):  # routing would name the host that it was told
            raise NotFound
        return None
    response = redirect(address, 308)
    # What was typed may hold a token.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def meant(path: str) -> str | None:
    """The address with its query, or None: nothing that we have looks like this."""
    if len(path) > _LONGEST:
        return None
    typed, tags = _cut(unicodedata.normalize("NFKC", _visible(path)).replace("\\", "/"))
    parts = [part for part in (each.strip(_STUCK) for each in typed.split("/")) if part]
    address = "/staff/" if path == "/staff" else _address(parts)
    if address is None or address == path:
        return None
    asked = query()
    return address + (f"{asked}&{tags[1:]}" if asked and tags else asked or tags)


def _visible(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def _cut(typed: str) -> tuple[str, str]:
    """The path, and the query that came as a part of it, as in `/amazon&source=x`."""
    found = _QUERY_BEGINS.search(typed)
    if found is None:
        return typed.partition("#")[0], ""
    tags = typed[found.end() :].partition("#")[0]
    return typed[: found.start()], f"?{quote(tags, safe='=&;%+-._~')}"


def _address(parts: Sequence[str]) -> str | None:
    match [part.lower() for part in parts]:
        case []:
            return "/"
        case [word] if word in _SHORT or word in _slugs():
            return f"/{word}"
        case [word]:
            code = _language(word)
            return f"/{code}" if code else None
        case [door, _] if door in _DOORS:
            return f"/{door}/{quote(parts[1])}"
        case [word, slug]:
            return _call(word, slug)
        case [word, slug, place] if place in _PLACES:
            call = _call(word, slug)
            return f"{call}/{place}" if call else None
    return None


def _call(word: str, slug: str) -> str | None:
    code = _language(word)
    if code is None or slug not in _slugs():
        return None
    try:
        spoken = deps().campaign_cache.languages(slug)
    except NothingHere:
        return None
    return f"/{code}/{slug}" if code in spoken else None


def _language(word: str) -> str | None:
    """`de` for `de`, `de-AT` and `de_at`; None for what nobody here speaks."""
    tag = word.replace("_", "-")
    codes = i18n.codes()
    if tag in codes:
        return tag
    language, _, region = tag.partition("-")
    return language if language in codes and _REGION.fullmatch(region) else None


def _slugs() -> tuple[str, ...]:
    return deps().campaign_cache.public_slugs()

"""The tokens of mailed links: what one names, and the page of one that opens nothing."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, request

from petition import i18n
from petition.errors import TokenExpired, TokenRefused, TokenUnusable
from petition.web.http.dependencies import deps
from petition.web.public.campaign_page import link_page

INVALID: Final = ("public/confirm_invalid.html", 404)
PAGES: Final[dict[type[TokenUnusable], tuple[str, int]]] = {
    TokenRefused: INVALID,
    TokenExpired: ("public/confirm_expired.html", 410),
}


def value_of(purpose: str, token: str) -> str:
    """What the link names; raises TokenUnusable, for which `install` has a page."""
    return deps().tokens.read(purpose, token, at=deps().now())


def lang_query(start: str) -> str:
    """The language that the reader chose, for the next address; empty where they chose none."""
    chosen = request.args.get("lang", "")
    return f"{start}{chosen}" if chosen in i18n.codes() else ""


def install(app: Flask) -> None:
    """Answer every link that opens nothing with the page that says why."""
    app.register_error_handler(TokenUnusable, _page)


def _page(error: TokenUnusable) -> Response:
    template, status = PAGES[type(error)]
    return link_page(template, None, status)

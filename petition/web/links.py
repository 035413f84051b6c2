"""The links in letters: a page with a button each; only the button changes anything."""

from __future__ import annotations

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain import tokens
from petition.errors import TokenExpired, TokenRefused
from petition.services import signing
from petition.store.db import reading, transaction
from petition.web.access import LINK, access
from petition.web.frame import link_page
from petition.web.house import house

links = Blueprint("links", __name__)


@links.get("/confirm/<token>")
@access(LINK)
def show_confirm(token: str) -> Response:
    """A button, for people and for mail scanners alike. Changes nothing."""
    entry_id = of_token(tokens.CONFIRM, token)
    if isinstance(entry_id, Response):
        return entry_id
    with reading() as session:
        found = signing.find(session, int(entry_id))
    if found is None:
        return link_page("public/confirm_invalid.html", None, 404)
    return link_page(
        "public/confirm.html",
        house().calls.of_text(found.text_id),
        visibility=found.visibility,
        updates=found.updates,
    )


@links.post("/confirm/<token>")
@access(LINK)
def confirm(token: str) -> BaseResponse:
    """Confirm, once or ten times the same."""
    entry_id = of_token(tokens.CONFIRM, token)
    if isinstance(entry_id, Response):
        return entry_id
    with transaction() as session:
        found = signing.confirm(session, int(entry_id), at=house().now())
    if found is None:
        return link_page("public/confirm_invalid.html", None, 404)
    return redirect(f"/{found.language}/{found.slug}/confirmed", 303)


def of_token(purpose: str, token: str) -> str | Response:
    """What the link names, or the page that says what is wrong with the link."""
    try:
        return house().tokens.read(purpose, token, at=house().now())
    except TokenExpired:
        return link_page("public/confirm_expired.html", None, 410)
    except TokenRefused:
        return link_page("public/confirm_invalid.html", None, 404)

"""The links in letters: a page with a button each; only the button changes anything."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain import tokens
from petition.domain.campaign import CampaignView
from petition.errors import NotFound, TokenExpired, TokenRefused
from petition.services import privacy, signing
from petition.store import mailfiles
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


@links.get("/unsubscribe/<token>")
@access(LINK)
def show_unsubscribe(token: str) -> Response:
    """A button. Changes nothing."""
    signature_id = of_token(tokens.UNSUBSCRIBE, token)
    if isinstance(signature_id, Response):
        return signature_id
    return link_page("public/unsubscribe.html", None, done=False)


@links.post("/unsubscribe/<token>")
@access(LINK)
def unsubscribe(token: str) -> Response:
    """No more letters that were not asked for. A mail program may press this (RFC 8058)."""
    signature_id = of_token(tokens.UNSUBSCRIBE, token)
    if isinstance(signature_id, Response):
        return signature_id
    with transaction() as session:
        privacy.unsubscribe(session, int(signature_id), at=house().now())
    return link_page("public/unsubscribe.html", None, done=True)


@links.get("/stop/<token>")
@access(LINK)
def show_stop(token: str) -> Response:
    """“This was not me”: what the button does, or that it was done. Changes nothing."""
    address = _address_of(token)
    if isinstance(address, Response):
        return address
    with reading() as session:
        blocked = privacy.is_blocked(session, address.campaign_id, address.key)
    return link_page("public/stop.html", address.view, blocked=blocked)


@links.post("/stop/<token>")
@access(LINK)
def stop(token: str) -> BaseResponse:
    """Remove the signature and block the address; with `lift`, let the address sign again."""
    address = _address_of(token)
    if isinstance(address, Response):
        return address
    to = (house().journal, address.view.slug, address.campaign_id, address.key)
    with transaction() as session:
        if request.form.get("lift") == "yes":
            gone = privacy.unblock(session, *to, at=house().now())
        else:
            gone = privacy.stop(session, *to, at=house().now())
        mailfiles.remove(house().settings, gone.letter_ids if gone is not None else ())
    return redirect(request.full_path.rstrip("?"), 303)


@dataclass(frozen=True, kw_only=True)
class _Address:
    """An address of one campaign, by its keyed hash."""

    campaign_id: int
    key: bytes
    view: CampaignView


def _address_of(token: str) -> _Address | Response:
    """Whom the link is for, or the page that says what is wrong with it."""
    value = of_token(tokens.STOP, token)
    if isinstance(value, Response):
        return value
    campaign_id, key, code = value.split("-", 2)
    try:
        slug = house().calls.slug(int(campaign_id))
        view = house().calls.shown(slug, code).view
    except NotFound:
        return link_page("public/confirm_invalid.html", None, 404)
    return _Address(campaign_id=int(campaign_id), key=bytes.fromhex(key), view=view)


def of_token(purpose: str, token: str) -> str | Response:
    """What the link names, or the page that says what is wrong with the link."""
    try:
        return house().tokens.read(purpose, token, at=house().now())
    except TokenExpired:
        return link_page("public/confirm_expired.html", None, 410)
    except TokenRefused:
        return link_page("public/confirm_invalid.html", None, 404)

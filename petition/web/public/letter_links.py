"""The links in letters: a page with a button each; only the button changes anything."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain import tokens
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.partners.questions import read
from petition.domain.signatures import consent
from petition.errors import NotFound
from petition.services.messages import own
from petition.services.privacy import blocks, rights
from petition.services.privacy.blocks import StopLink
from petition.services.signatures import signing
from petition.store.db import reading, transaction
from petition.store.messages import messages
from petition.store.signatures import consents
from petition.store.vault.vault import KEY_LENGTH
from petition.web.http.access import ANYWHERE, LINK, OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.public.campaign_page import link_page
from petition.web.public.link_tokens import INVALID, lang_query, value_of

links = Blueprint("links", __name__)


@links.errorhandler(NotFound)
def _nothing_here(_error: NotFound) -> Response:
    """A link of ours whose form or call is gone answers like one that is none."""
    template, status = INVALID
    return link_page(template, None, status)


@links.get("/confirm/<token:token>")
@access(LINK)
def show_confirm(token: str) -> Response:
    """A button, for people and for mail scanners alike. Changes nothing."""
    entry_id = int(value_of(tokens.CONFIRM, token))
    with reading() as session:
        found = signing.find(session, entry_id)
        answers = consents.current(session, entry_id)
        asked = consents.last_wording(session, entry_id, consent.PARTNER)
        agreed = consents.last_wording(session, entry_id, consent.WRITING)
        written = messages.of_entry(session, entry_id)
    if found is None:
        raise NotFound
    return link_page(
        "public/confirm.html",
        deps().campaign_cache.of_text(found.text_id),
        answers=answers,
        only_writes=agreed if not found.signs else None,
        partner=read(asked) if asked else None,
        messages=own.opened(deps().vault, written),
    )


@links.post("/confirm/<token:token>")
@access(LINK, forms=OWN_PAGES)
def confirm(token: str) -> BaseResponse:
    """Confirm, once or ten times the same."""
    entry_id = int(value_of(tokens.CONFIRM, token))
    with transaction() as session:
        found = signing.confirm(session, entry_id, at=deps().now())
    if found is None:
        raise NotFound
    done = "confirmed" if found.signs else "message/thanks"
    return redirect(f"/{found.language}/{found.slug}/{done}", 303)


@links.get("/unsubscribe/<token:token>")
@access(LINK)
def show_unsubscribe(token: str) -> Response:
    """A button. Changes nothing."""
    value_of(tokens.UNSUBSCRIBE, token)
    return link_page("public/unsubscribe.html", None, done=False)


@links.post("/unsubscribe/<token:token>")
@access(LINK, forms=ANYWHERE)
def unsubscribe(token: str) -> Response:
    """No more letters that were not asked for. A mail program may press this (RFC 8058)."""
    signature_id = int(value_of(tokens.UNSUBSCRIBE, token))
    with transaction() as session:
        rights.unsubscribe(session, signature_id, at=deps().now())
    return link_page("public/unsubscribe.html", None, done=True)


@links.get("/stop/<token:token>")
@access(LINK)
def show_stop(token: str) -> Response:
    """“This was not me”: what the button does, or that it was done. Changes nothing."""
    address = _address_of(token)
    with reading() as session:
        blocked = blocks.is_blocked(session, address.link)
    return link_page(
        "public/stop.html",
        address.view,
        blocked=blocked,
        address=f"/stop/{token}",
        query=lang_query("?lang="),
    )


@links.post("/stop/<token:token>")
@access(LINK, forms=OWN_PAGES)
def stop(token: str) -> BaseResponse:
    """Remove the signature and block the mailbox; where that is ticked, for every call."""
    if request.form.get("lift") == "yes":
        return lift(token)  # the button of a page that was opened before lifting had an address
    if request.form.get("everywhere") == "yes":
        return stop_everywhere(token)
    address = _address_of(token)
    with transaction() as session:
        blocks.stop(session, deps().erasure_context, deps().vault, address.link, at=deps().now())
    return _to_stop_page(token)


@links.post("/stop/<token:token>/everywhere")
@access(LINK, forms=OWN_PAGES)
def stop_everywhere(token: str) -> BaseResponse:
    """Remove what was confirmed for other calls as well."""
    address = _address_of(token)
    with transaction() as session:
        blocks.stop_everywhere(
            session, deps().erasure_context, deps().vault, address.link, at=deps().now()
        )
    return _to_stop_page(token)


@links.post("/stop/<token:token>/lift")
@access(LINK, forms=OWN_PAGES)
def lift(token: str) -> BaseResponse:
    """Let the mailbox be written to again."""
    address = _address_of(token)
    with transaction() as session:
        blocks.unblock(session, deps().erasure_context, address.link, at=deps().now())
    return _to_stop_page(token)


def _to_stop_page(token: str) -> BaseResponse:
    return redirect(f"/stop/{token}{lang_query('?lang=')}", 303)


@dataclass(frozen=True, kw_only=True)
class _Address:
    """Whom a link is for, and the call whose letter it stood in."""

    link: StopLink
    view: CampaignView


def _address_of(token: str) -> _Address:
    """Whom the link is for. Raises TokenUnusable, and NotFound where its call is gone."""
    campaign_id, keys, code = value_of(tokens.STOP, token).split("-", 2)
    slug = deps().campaign_cache.slug(int(campaign_id))
    view = deps().campaign_cache.shown(slug, code).view
    both = bytes.fromhex(keys)
    link = StopLink(
        campaign_id=int(campaign_id),
        address_key=both[:KEY_LENGTH],
        # Older letters name the address alone.
        mailbox_key=both[KEY_LENGTH:] or both[:KEY_LENGTH],
    )
    return _Address(link=link, view=view)

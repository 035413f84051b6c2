"""Sharing: a campaign's picture, QR code and poster, each in the language of the address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, request
from markupsafe import escape

from petition import assets, design
from petition.domain.campaigns import colours
from petition.domain.campaigns.campaign import CampaignView
from petition.printing import Data, qr_png, qr_svg
from petition.services.partners.snippets import section_link
from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import Made, answer, made
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language
from petition.web.http.security import CSP
from petition.web.public.campaign_page import organiser_of, shown_call

sharing = Blueprint("sharing", __name__)

CACHE_CONTROL: Final = "public, max-age=600"
BADGE_CACHE_CONTROL: Final = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"


@sharing.get("/<lang:code>/<slug:slug>/card.png")
@access(PUBLIC)
def card(code: str, slug: str) -> Response:
    """The picture that services show beside a link: 1200×630 pixels."""
    shown = shown_call(code, slug)
    response = _kept("card", shown, lambda: _card(shown))
    # Some services show it on their own pages straight from here.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@sharing.get("/<lang:code>/<slug:slug>/qr.svg")
@access(PUBLIC)
def qr(code: str, slug: str) -> Response:
    """The call's address as a QR code; with a section's `source`, the one that it passes on."""
    shown = shown_call(code, slug)
    address = _section_address(shown.view)
    if address is None:
        return _kept("qr", shown, lambda: _qr(shown.view))
    return answer(made(qr_svg(address).encode(), "image/svg+xml; charset=utf-8"), CACHE_CONTROL)


@sharing.get("/<lang:code>/<slug:slug>/qr.png")
@access(PUBLIC)
def section_qr(code: str, slug: str) -> Response:
    """The same in points."""
    view = shown_call(code, slug).view
    address = _section_address(view) or _address(view, "qr")
    return answer(made(qr_png(address), "image/png"), CACHE_CONTROL)


@sharing.get("/badge/<slug:slug>.svg")
@access(PUBLIC)
def badge(slug: str) -> Response:
    """The public count as a small picture, for other sites' pages."""
    spoken = deps().campaign_cache.languages(slug)
    asked = request.args.get("lang", "")
    shown = shown_call(asked if asked in spoken else spoken[0], slug)
    words, count = _("Sign the petition"), _count(shown)
    found = deps().ttl_cache.keep(
        ("badge", shown.view.text_id, words, count), lambda: _badge(shown.view, words, count)
    )
    response = answer(found, BADGE_CACHE_CONTROL)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@sharing.get("/<lang:code>/<slug:slug>/poster.pdf")
@access(PUBLIC)
def poster(code: str, slug: str) -> Response:
    """The call on a sheet of A4."""
    shown = shown_call(code, slug)
    response = _kept("poster", shown, lambda: _poster(shown.view))
    # Some browsers show a PDF as an object in a page of their own, under its policy.
    response.headers["Content-Security-Policy"] = CSP.replace(
        "object-src 'none'", "object-src 'self'"
    )
    response.headers["Content-Disposition"] = f'inline; filename="{slug}-{code}.pdf"'
    return response


def _kept(what: str, shown: CachedCampaign, make: Callable[[], Made]) -> Response:
    found = deps().ttl_cache.keep((what, shown.view.text_id), make)
    return answer(found, CACHE_CONTROL)


def _card(shown: CachedCampaign) -> Made:
    data = {
        **_call(shown.view),
        "count": _count(shown),
        "mark": _mark(shown.view),
    }
    return made(deps().press.picture("card.typ", data), "image/png")


def _count(shown: CachedCampaign) -> str:
    """The count in words; before the first signature, what there is to do."""
    if shown.count == 0:
        return _("Sign the petition") if shown.view.is_open(deps().now()) else ""
    words = language()
    text = words.ngettext(
        "%(total)s confirmed signature", "%(total)s confirmed signatures", shown.count
    )
    return text % {"total": words.number(shown.count)}


def _qr(view: CampaignView) -> Made:
    return made(qr_svg(_address(view, "qr")).encode(), "image/svg+xml; charset=utf-8")


def _section_address(view: CampaignView) -> str | None:
    """None where no partner has a section with the tag that is asked for."""
    source = request.args.get("source", "")
    if not deps().campaign_cache.has_section(view.slug, source):
        return None
    return section_link(deps().settings.base_url, view.slug, source)


def _badge(view: CampaignView, words: str, count: str) -> Made:
    if count == words:  # nobody has signed yet
        count = ""
    said = f"{words}: {count}" if count else words
    drawn = deps().press.drawing("badge.typ", {**_call(view), "words": words, "count": count})
    named = {"role": "img", "aria-label": said}
    attributes = " ".join(f'{name}="{escape(value)}"' for name, value in named.items())
    svg = drawn.replace("<svg", f"<svg {attributes}", 1)
    return made(svg.encode(), "image/svg+xml; charset=utf-8")


def _poster(view: CampaignView) -> Made:
    base = deps().settings.base_url
    address = f"{base}/{view.slug}".partition("://")[2]
    data = {
        **_call(view),
        "asks": view.call.asks,
        "addressed_to": _("To: %(addressee)s", addressee=view.call.addressed_to),
        "address": address,
        "qr": qr_svg(_address(view, "poster")),
        "qr_alt": _("QR code for %(address)s", address=address),
        "scan": _("Scan to sign"),
        "or_type": _("or open this address:"),
        "safety": _safety(view),
    }
    return made(deps().press.paper("poster.typ", data), "application/pdf")


def _mark(view: CampaignView) -> str:
    """The campaign's own logo, or the site's mark."""
    logo = view.presentation.logo
    return logo.svg if logo else assets.content("favicon.svg").decode()


def _safety(view: CampaignView) -> str:
    """How people at risk take care; nothing where nobody is."""
    if not view.presentation.at_risk:
        return ""
    return view.call.at_risk.device or _(
        "Use a private device and a private address, not one that your employer runs."
    )


def _own_colours(view: CampaignView) -> Data:
    accent = view.presentation.accent
    return colours.of_bands(accent) if accent else {}


def _call(view: CampaignView) -> Data:
    return {
        "lang": language().code,
        "dir": language().direction,
        "ask": view.call.ask,
        "colours": {**design.colours(), **_own_colours(view)},
        "organiser": language().organiser(organiser_of(view)),
    }


def _address(view: CampaignView, source: str) -> str:
    """The short address, which asks the reader's own device for the language."""
    return f"{deps().settings.base_url}/{view.slug}?source={source}"

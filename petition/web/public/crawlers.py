"""What crawlers are told: the sitemap, robots.txt, and a campaign as linked data."""

from __future__ import annotations

from typing import Any, Final
from xml.etree import ElementTree as Xml

from flask import Blueprint, Response
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from petition.domain.campaigns.campaign import CampaignView
from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import answer, made, plain_text
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language
from petition.web.public.campaign_page import organiser_of

finding = Blueprint("finding", __name__)

CLOSED: Final = (
    "/confirm/",
    "/my/",
    "/partner/",
    "/staff/",
    "/stop/",
    "/unsubscribe/",
    "/*/*/names",
)
"""What is anybody's own, and the names that people chose to show to visitors."""
SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML: Final = "http://www.w3.org/1999/xhtml"


@finding.get("/robots.txt")
@access(PUBLIC)
def robots() -> Response:
    """Search engines may show the calls, and nothing that is anybody's own."""
    closed = "".join(f"Disallow: {place}\n" for place in CLOSED)
    return plain_text(f"User-agent: *\n{closed}\nSitemap: {deps().settings.base_url}/sitemap.xml\n")


@finding.get("/sitemap.xml")
@access(PUBLIC)
def sitemap() -> Response:
    """Every call that is or was open, in each of its languages."""
    found = deps().campaign_cache.keep("sitemap", lambda: made(_sitemap(), "application/xml"))
    return answer(found, "public, max-age=600")


def _sitemap() -> bytes:
    base = deps().settings.base_url
    urls = Xml.Element("urlset", {"xmlns": SITEMAP, "xmlns:xhtml": XHTML})
    for slug in deps().campaign_cache.public_slugs():
        codes = deps().campaign_cache.languages(slug)
        for code in codes:
            url = Xml.SubElement(urls, "url")
            Xml.SubElement(url, "loc").text = f"{base}/{code}/{slug}"
            for other in codes:
                _alternate(url, other, f"{base}/{other}/{slug}")
            _alternate(url, "x-default", f"{base}/{slug}")
    Xml.indent(urls)
    return bytes(Xml.tostring(urls, encoding="utf-8", xml_declaration=True))


def _alternate(url: Xml.Element, code: str, address: str) -> None:
    Xml.SubElement(url, "xhtml:link", {"rel": "alternate", "hreflang": code, "href": address})


def linked_data(shown: CachedCampaign) -> Markup:
    """The call in the words of schema.org, as JSON that cannot end the script element it is in."""
    data = {"@context": "https://schema.org", **_page(shown)}
    return htmlsafe_json_dumps(data, ensure_ascii=False, separators=(",", ":"))


def _page(shown: CachedCampaign) -> dict[str, Any]:
    view = shown.view
    address = _in(view.language, view)
    return {
        "@type": "WebPage",
        "@id": address,
        "url": address,
        "name": view.call.title,
        "description": view.call.summary,
        "inLanguage": view.language,
        "publisher": _organiser(view),
        "primaryImageOfPage": {"@type": "ImageObject", "url": f"{address}/card.png"},
        "mainEntity": {
            "@type": "CreativeWork",
            "@id": f"{address}#call",
            "name": view.call.ask,
            "text": "\n".join(view.call.asks),
            "inLanguage": view.language,
            "author": _organiser(view),
            "audience": {"@type": "Audience", "name": view.call.addressed_to},
            "workTranslation": [
                {"@type": "CreativeWork", "inLanguage": code, "url": _in(code, view)}
                for code in view.languages
                if code != view.language
            ],
            **_signing(shown),
            **_dates(view),
        },
    }


def _signing(shown: CachedCampaign) -> dict[str, Any]:
    """How many have put their name to it, and, while it is open, where one can."""
    endorse = {"@type": "EndorseAction"}
    number = {
        "@type": "InteractionCounter",
        "interactionType": endorse,
        "userInteractionCount": shown.count,
    }
    if not shown.view.is_open(deps().now()):
        return {"interactionStatistic": number}
    form = {"@type": "EntryPoint", "urlTemplate": _in(shown.view.language, shown.view) + "#sign"}
    return {
        "interactionStatistic": number,
        "potentialAction": {**endorse, "name": _("Sign the petition"), "target": form},
    }


def _dates(view: CampaignView) -> dict[str, str]:
    dates = {"datePublished": view.opens_at, "expires": view.ends_at}
    return {name: at.isoformat() for name, at in dates.items() if at is not None}


def _organiser(view: CampaignView) -> dict[str, str]:
    name = language().organiser(organiser_of(view))
    return {"@type": "Organization", "name": name, "url": f"{deps().settings.base_url}/"}


def _in(code: str, view: CampaignView) -> str:
    return f"{deps().settings.base_url}/{code}/{view.slug}"

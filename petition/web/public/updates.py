"""The news of a campaign as an Atom feed (RFC 4287), one for each language."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from xml.etree import ElementTree as Xml

from flask import Blueprint, Response

from petition import rendering
from petition.domain.campaigns.campaign import CampaignView, Update
from petition.web.http.access import PUBLIC, access
from petition.web.http.cached_response import answer, made
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language
from petition.web.public.campaign_page import organiser_of, shown_call

updates = Blueprint("updates", __name__)

ATOM = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml; charset=utf-8"
MOST = 50
"""Entries, the newest first."""


@updates.get("/<lang:code>/<slug:slug>/updates.atom")
@access(PUBLIC)
def feed(code: str, slug: str) -> Response:
    """What is new, for whoever subscribes; no entry says anything about who signed."""
    view = shown_call(code, slug).view
    found = deps().campaign_cache.keep(
        ("feed", view.text_id), lambda: made(_feed(view), MEDIA_TYPE)
    )
    return answer(found, "public, max-age=600")


def _feed(view: CampaignView) -> bytes:
    page = f"{deps().settings.base_url}/{view.language}/{view.slug}"
    shown = view.call.updates[:MOST]
    root = Xml.Element("feed", {"xmlns": ATOM, "xml:lang": view.language})
    Xml.SubElement(root, "id").text = f"{page}/updates.atom"
    Xml.SubElement(root, "title").text = _("News: %(title)s", title=view.call.title)
    Xml.SubElement(root, "updated").text = (
        _instant(shown[0]) if shown else view.created_at.replace(microsecond=0).isoformat()
    )
    Xml.SubElement(root, "link", {"rel": "self", "href": f"{page}/updates.atom"})
    Xml.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": page})
    author = Xml.SubElement(root, "author")
    Xml.SubElement(author, "name").text = language().organiser(organiser_of(view))
    for each in shown:
        _entry(root, each, page)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _entry(root: Xml.Element, update: Update, page: str) -> None:
    address = f"{page}#update-{update.key}"
    entry = Xml.SubElement(root, "entry")
    Xml.SubElement(entry, "id").text = address
    Xml.SubElement(entry, "title").text = update.title
    Xml.SubElement(entry, "updated").text = _instant(update)
    Xml.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": address})
    html = rendering.story(update.text, page)
    Xml.SubElement(entry, "content", {"type": "html"}).text = str(html)


def _instant(update: Update) -> str:
    """The day's beginning: news have no time of day."""
    return datetime.combine(date.fromisoformat(update.on), time(), UTC).isoformat()

"""What search engines are told: the map, what to leave alone, and the call as linked data."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as Xml

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.campaigns.campaign import CampaignContent, CampaignFile, Target
from petition.services.campaigns import content_files
from petition.store.campaigns import campaigns
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def another_call(app: Flask, slug: str, **words: str) -> None:
    """A second campaign in the database: a draft in English."""
    file = CampaignFile(
        slug=slug,
        default_language="en",
        goal=10,
        targets=(Target(name="Somebody", email="somebody@example.org"),),
        target_domains=(),
        calls={"en": factories.a_call(**words)},
    )
    with app.app_context(), transaction() as session:
        campaigns.save(session, file, at=dependencies_of(app).now())
    dependencies_of(app).campaign_cache.clear()


def sitemap(client: FlaskClient) -> dict[str, dict[str, str]]:
    """Each address with its alternates by language."""
    answer = client.get("/sitemap.xml")
    assert (answer.status_code, answer.content_type) == (200, "application/xml")
    return {
        url.findtext("s:loc", "", NAMES): {
            link.attrib["hreflang"]: link.attrib["href"] for link in url.findall("x:link", NAMES)
        }
        for url in Xml.fromstring(answer.data).findall("s:url", NAMES)
    }


def test_the_map_leads_to_every_language_and_each_knows_the_others(
    app: Flask, client: FlaskClient
) -> None:
    with app.app_context():
        codes = dependencies_of(app).campaign_cache.languages("amazon")
    base = "http://127.0.0.1:8000"
    alternates = {code: f"{base}/{code}/amazon" for code in codes}
    found = sitemap(client)
    assert found == {
        address: {**alternates, "x-default": f"{base}/amazon"} for address in alternates.values()
    }
    for address in found:
        assert client.get(urlsplit(address).path).status_code == 200


def test_the_map_shows_what_is_or_was_open(app: Flask, client: FlaskClient) -> None:
    another_call(app, "second")
    assert not any("second" in address for address in sitemap(client))
    for move in (content_files.open_, content_files.close):
        with app.app_context(), transaction() as session:
            move(session, "second", at=dependencies_of(app).now())
        dependencies_of(app).campaign_cache.clear()
        assert "http://127.0.0.1:8000/en/second" in sitemap(client)


def test_finders_are_shown_the_map_and_kept_out_of_what_is_anybodys_own(
    client: FlaskClient,
) -> None:
    lines = client.get("/robots.txt").get_data(as_text=True).splitlines()
    assert "Sitemap: http://127.0.0.1:8000/sitemap.xml" in lines
    closed = {line.partition(": ")[2] for line in lines if line.startswith("Disallow: ")}
    assert {
        "/confirm/",
        "/my/",
        "/partner/",
        "/stop/",
        "/unsubscribe/",
        "/staff/",
        "/*/*/names",
    } == closed


def linked_data(client: FlaskClient, address: str) -> dict[str, Any]:
    text = client.get(address).get_data(as_text=True)
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.S)
    found: dict[str, Any] = json.loads(block)
    return found


def test_a_call_tells_programs_what_it_is(app: Flask, client: FlaskClient) -> None:
    factories.keep(app, factories.the_call(app), people.ben)
    for entry_id in factories.entries(app):
        factories.confirm(app, entry_id)
    factories.work(app)
    with app.app_context():
        codes = dependencies_of(app).campaign_cache.languages("amazon")
    for code in codes:
        call = factories.the_call(app, code).call
        page = linked_data(client, f"/{code}/amazon")
        assert (page["@context"], page["@type"]) == ("https://schema.org", "WebPage")
        assert page["url"] == f"http://127.0.0.1:8000/{code}/amazon"
        work = page["mainEntity"]
        assert (work["name"], work["inLanguage"]) == (call.ask, code)
        assert work["author"]["name"]
        assert {each["inLanguage"] for each in work["workTranslation"]} == {*codes} - {code}
        assert work["interactionStatistic"] == {
            "@type": "InteractionCounter",
            "interactionType": {"@type": "EndorseAction"},
            "userInteractionCount": 1,
        }
        assert work["potentialAction"]["target"]["urlTemplate"].endswith(f"/{code}/amazon#sign")


def test_a_closed_call_asks_programs_for_nothing(app: Flask, client: FlaskClient) -> None:
    with app.app_context(), transaction() as session:
        content_files.close(session, "amazon", at=dependencies_of(app).now())
    dependencies_of(app).campaign_cache.clear()
    work = linked_data(client, "/en/amazon")["mainEntity"]
    assert "potentialAction" not in work
    assert work["interactionStatistic"]["userInteractionCount"] == 0


def test_a_call_expires_when_it_ended(app: Flask, client: FlaskClient) -> None:
    """By its own date; a day later staff closed it, too."""
    now = dependencies_of(app).now()
    factories.change(app, "UPDATE campaigns SET closes_at = :at", at=now)
    with app.app_context(), transaction() as session:
        content_files.close(session, "amazon", at=now + timedelta(days=1))
    dependencies_of(app).campaign_cache.clear()
    work = linked_data(client, "/en/amazon")["mainEntity"]
    assert work["expires"] == now.isoformat()


def test_no_word_of_a_call_ends_the_data(app: Flask, client: FlaskClient) -> None:
    planted = "</script><script>alert(1)</script><!-- & \u2028 ' \""
    words = {
        field.name: planted
        for field in msgspec.structs.fields(CampaignContent)
        if field.type is str and field.name != "story"
    }
    another_call(app, "second", **words)
    with app.app_context(), transaction() as session:
        content_files.open_(session, "second", at=dependencies_of(app).now())
    dependencies_of(app).campaign_cache.clear()
    assert linked_data(client, "/en/second")["name"] == planted
    assert "<script>alert" not in client.get("/en/second").get_data(as_text=True)

"""The form in a frame on a partner's site: who may show it, whose ticket it takes, what counts."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import html
import io
import json
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition import assets, i18n
from petition.assets import EMBED
from petition.store.campaigns import campaigns
from petition.store.counts import totals
from petition.store.db import reading
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, partner_sites, people, rights
from tests.conftest import Clock
from tests.partner_sites import SITE, address

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NOBODYS = "0" * 16


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


def ancestors(answer: Answer) -> str:
    policy = answer.headers["Content-Security-Policy"]
    found = re.search(r"frame-ancestors ([^;]+)", policy)
    assert found
    assert policy.count("frame-ancestors") == 1
    return found[1]


def by_partner(app: Flask) -> list[tuple[str, int]]:
    factories.work(app)
    with app.app_context(), reading() as session:
        return totals.by(session, campaigns.by_slug(session, "amazon").id, "partner")


# --- who may show it ------------------------------------------------------------------------------


def test_only_its_partners_sites_may_show_a_frame(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app, sites=(SITE, "https://www.union.example.org:8443"))
    other = partner_sites.make(app, "Other", ("https://other.example",))
    signed = partner_sites.sign(client, key, people.ben)
    answers = [
        client.get(address(key)),
        client.get(address(key)),  # as it lies ready
        client.get(address(key, place="/thanks")),
        client.post(address(key, place="/sign"), data={}),
        signed,
    ]
    assert [each.status_code for each in answers] == [200, 200, 200, 422, 303]
    for each in answers:
        assert ancestors(each) == f"{SITE} https://www.union.example.org:8443"
        assert "X-Frame-Options" not in each.headers
        assert "Set-Cookie" not in each.headers
    assert ancestors(client.get(address(other))) == "https://other.example"


def test_every_other_page_stays_in_no_frame(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    for place in (
        f"/en/amazon?partner={key}",
        "/en/amazon/thanks",
        f"/embed/nothing?partner={key}",
    ):
        client.get(address(key))
        answer = client.get(place)
        assert ancestors(answer) == "'none'"
        assert answer.headers["X-Frame-Options"] == "DENY"


@on_sqlite
def test_a_frame_asks_no_other_host_and_for_nothing_inline(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    for place in ("", "/thanks"):
        page = client.get(address(key, place=place)).get_data(as_text=True)
        loaded = re.findall(r'<(?:link|script|img)[^>]*?(?:href|src)="([^"]*)"', page)
        assert loaded
        assert all(each.startswith("/") for each in loaded), loaded
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page)


@pytest.mark.parametrize("blocked", [False, True], ids=["unknown", "blocked"])
def test_without_a_live_key_there_is_a_link_and_no_form(
    app: Flask, client: FlaskClient, blocked: bool
) -> None:
    key = partner_sites.make(app)
    form = people.ben | {"ticket": partner_sites.ticket(client, key)}
    if blocked:
        partner_sites.block(app, key)
    asked = key if blocked else NOBODYS
    for answer in (
        client.get(address(asked)),
        client.get(address(asked, place="/thanks")),
        client.post(address(asked, place="/sign"), data=form),
    ):
        assert answer.status_code == 404
        assert "<form" not in text(answer)
        assert 'href="/en/amazon" target="_blank"' in text(answer)
        assert ancestors(answer) == (SITE if blocked else "'none'")
        assert answer.headers["Cache-Control"] == "no-store"
    assert factories.rows(app, "SELECT count(*) FROM entries") == [(0,)]


@on_sqlite
def test_a_block_reaches_frames_that_lie_ready(app: Flask, client: FlaskClient) -> None:
    """Every answer is good for seconds: browsers and CDNs are told ten, and ten more."""
    key = partner_sites.make(app)
    gzipped = {"Accept-Encoding": "gzip"}
    answer = client.get(address(key), headers=gzipped)
    assert "max-age=10, stale-while-revalidate=10" in answer.headers["Cache-Control"]
    partner_sites.block(app, key)
    assert client.get(address(key), headers=gzipped).status_code == 404


# --- signing --------------------------------------------------------------------------------------


def test_a_signature_in_a_frame_counts_for_its_partner(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app, "Amazon Workers’ Union")
    answer = partner_sites.sign(client, key, people.amina, "ar")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/embed/amazon/thanks?partner={key}&lang=ar"
    assert client.get(answer.headers["Location"]).status_code == 200
    assert factories.sign(client, people.ben).status_code == 303
    assert by_partner(app) == []
    for entry_id in factories.entries(app):
        factories.confirm(app, entry_id)
    assert by_partner(app) == [("", 1), (key, 1)]
    assert factories.rows(app, "SELECT partner, language FROM entries ORDER BY language") == [
        (key, "ar"),
        (None, "en"),
    ]
    staff = console.enter(app)
    (ours, bens) = csv.DictReader(io.StringIO(console.export(staff).get_data(as_text=True)))
    assert (ours["partner"], bens["partner"]) == (key, "")
    target = console.export(staff, for_target="yes").get_data(as_text=True)
    assert "partner" not in target
    assert key not in target


def test_who_signed_in_a_frame_reads_where_it_was(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app, "Amazon Workers’ Union")
    partner_sites.sign(client, key, people.ben)
    factories.work(app)
    client.post(rights.newest(app, "confirm"))
    factories.work(app)
    mine = rights.newest(app, "my")
    page = text(client.get(mine))
    assert "On the site of" in page
    assert "Amazon Workers’ Union" in page
    copy = client.post(f"{mine}/download", data={"format": "file"})
    assert json.loads(copy.get_data())["forms"][0]["partner"] == "Amazon Workers’ Union"


def test_a_repeat_is_answered_as_the_first_one(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    first, second = (partner_sites.sign(client, key, people.ben) for _ in range(2))
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert list(first.headers) == list(second.headers)
    assert factories.rows(app, "SELECT count(*) FROM signatures") == [(1,)]


def test_a_repeat_from_elsewhere_counts_for_whom_it_was_confirmed(
    app: Flask, client: FlaskClient
) -> None:
    key = partner_sites.make(app)
    factories.sign(client, people.ben)
    partner_sites.sign(client, key, people.ben_again)
    factories.confirm(app, factories.entries(app)[1])
    assert by_partner(app) == [(key, 1)]


def test_a_frame_takes_only_tickets_of_its_own_kind_and_partner(
    app: Flask, client: FlaskClient
) -> None:
    key, other = partner_sites.make(app), partner_sites.make(app, "Other")
    tickets = {
        "page": factories.ticket(client),
        "other": partner_sites.ticket(client, other),
        "language": partner_sites.ticket(client, key, "de"),
        "forged": f"9{partner_sites.ticket(client, key)}",
        "none": "",
    }
    for ticket in tickets.values():
        answer = client.post(address(key, place="/sign"), data=people.ben | {"ticket": ticket})
        assert answer.status_code == 422
        assert people.ben["email"] in text(answer)
    ours = people.ben | {"ticket": partner_sites.ticket(client, key)}
    assert client.post("/en/amazon/sign", data=ours).status_code == 422
    assert factories.rows(app, "SELECT count(*) FROM entries") == [(0,)]
    assert client.post(address(key, place="/sign"), data=ours).status_code == 303


@on_sqlite
def test_a_frames_ticket_is_good_for_a_day(app: Flask, client: FlaskClient, clock: Clock) -> None:
    key = partner_sites.make(app)
    form = people.ben | {"ticket": partner_sites.ticket(client, key)}
    clock.forward(timedelta(hours=25))
    late = client.post(address(key, place="/sign"), data=form)
    assert late.status_code == 422
    assert "open for too long" in text(late)


@on_sqlite
def test_a_form_that_another_site_sends_is_refused(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    form = people.ben | {"ticket": partner_sites.ticket(client, key)}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": SITE}):
        answer = client.post(address(key, place="/sign"), data=form, headers=headers)
        assert answer.status_code == 403


def test_what_is_wrong_is_said_as_on_the_page(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    wrong = people.ben | {"email": "ben@amazon.com", "country": "", "agree": ""}
    on_page = factories.sign(client, wrong)
    in_frame = partner_sites.sign(client, key, wrong)
    said = [
        re.findall(r'<a href="#\w+">.*?</a>', each.get_data(as_text=True))
        for each in (on_page, in_frame)
    ]
    assert said[0] == said[1]
    assert len(said[0]) == 3
    assert 'value="Okafor"' in text(in_frame)
    slip = partner_sites.sign(client, key, people.ben | {"email": "ben@gmial.com"})
    assert "Did you mean" in text(slip)


@on_sqlite
def test_only_the_form_as_it_is_first_shown_speaks_to_the_page_around_it(
    app: Flask, client: FlaskClient
) -> None:
    key = partner_sites.make(app)
    assert f'data-sites="{SITE}"' in text(client.get(address(key)))
    for after in (
        partner_sites.sign(client, key, {}),
        partner_sites.sign(client, key, people.ben | {"email": "ben@gmial.com"}),
        client.get(address(key, place="/thanks")),
    ):
        assert "data-sites" not in text(after)
        assert "data-focus" in text(after)


@on_sqlite
def test_a_closed_campaign_says_so_in_its_frames(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    form = people.ben | {"ticket": partner_sites.ticket(client, key)}
    factories.change(app, "UPDATE campaigns SET state = 'closed'")
    dependencies_of(app).campaign_cache.clear()
    late = client.post(address(key, place="/sign"), data=form)
    assert (late.status_code, late.headers["Location"]) == (303, address(key))
    assert "This petition is closed" in text(client.get(address(key)))


# --- languages and looks --------------------------------------------------------------------------


@on_sqlite
def test_a_frame_speaks_the_language_that_is_named(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    for code in i18n.codes():
        page = text(client.get(address(key, code)))
        assert f'<html lang="{code}" dir="{"rtl" if code == "ar" else "ltr"}">' in page
    assert '<html lang="de"' in text(client.get(address(key, "de-AT")))
    readers = client.get(address(key, "xx"), headers={"Accept-Language": "pl"})
    assert '<html lang="pl"' in text(readers)
    assert "public" not in readers.headers["Cache-Control"]


@on_sqlite
def test_a_frame_is_light_or_dark_as_it_is_told(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    for theme, scheme in (("light", "light"), ("dark", "dark"), ("auto", "light dark")):
        page = text(client.get(address(key, more=f"&theme={theme}")))
        assert assets.address(f"css/frame-{theme}.css") in page
        sheet = assets.content(f"css/frame-{theme}.css").decode()
        assert re.findall(r"(?<!prefers-)color-scheme: ([^;]+);", sheet)[-1] == scheme
        assert ("prefers-color-scheme" in sheet) == (theme == "auto")
    assert "frame-auto.css" in text(client.get(address(key, more="&theme=neon")))


@on_sqlite
def test_an_accent_is_taken_where_it_can_be_read(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    page = client.get(address(key, more="&accent=8a1c4a&theme=dark"))
    found = re.search(r'href="(/embed/colours/[^"]+)"', text(page))
    assert found
    sheet = client.get(found[1])
    assert (sheet.status_code, sheet.mimetype) == (200, "text/css")
    assert b"prefers-color-scheme" not in sheet.data
    for accent in ("ffff00", "x", "%22%3E%3Cb%3E", "8a1c4a;}"):
        page = client.get(address(key, more=f"&accent={accent}"))
        assert "/embed/colours/0a5f57/auto.css" in text(page), "the call has its own"
        assert client.get(f"/embed/colours/{accent}/auto.css").status_code == 404
    assert client.get("/embed/colours/8a1c4a/neon.css").status_code == 404
    sent = client.post(address(key, place="/sign", more="&accent=8a1c4a"), data={})
    assert "accent=8a1c4a" in text(sent)


# --- the script -----------------------------------------------------------------------------------


@on_sqlite
def test_pages_of_other_sites_may_load_the_script(client: FlaskClient) -> None:
    alias, versioned = client.get("/embed.js"), client.get(assets.address(EMBED))
    assert alias.data == versioned.data == assets.content(EMBED)
    for answer in (alias, versioned):
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.mimetype == "text/javascript"
    assert alias.headers["Cache-Control"] == "public, max-age=600"
    assert versioned.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    other = client.get(assets.address("js/site.js"))
    assert "Access-Control-Allow-Origin" not in other.headers
    digest = base64.b64encode(hashlib.sha384(alias.data).digest()).decode()
    assert assets.integrity(EMBED) == f"sha384-{digest}"


def test_the_script_is_small_and_does_nothing_that_a_strict_policy_forbids() -> None:
    script = assets.content(EMBED)
    assert len(gzip.compress(script, 9)) < 3 * 1024
    forbidden = rb"\beval\b|\bFunction\(|innerHTML|insertAdjacentHTML|document\.write|cssText"
    assert not re.search(forbidden, script)
    assert not re.search(rb"setAttribute\(.style|createElement\(.(?:style|script)", script)
    assert not re.search(
        rb"\bcookie\b|[a-z]+Storage|indexedDB|\bfetch\(|XMLHttp|sendBeacon", script
    )


@on_sqlite
def test_a_frame_carries_the_tags_of_its_address(app: Flask, client: FlaskClient) -> None:
    """A union's branch is a source of its own, within the partner."""
    key = partner_sites.make(app)
    page = client.get(address(key, more="&source=branch-7"))
    assert 'name="source" value="branch-7"' in text(page)
    assert urlsplit(address(key)).path == "/embed/amazon"
    assert page.headers["Cache-Control"] == "no-store"

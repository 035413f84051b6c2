"""oEmbed: what an address of ours stands for; and the page that a partner's address leads to."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as Xml

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.web.http.dependencies import dependencies_of
from tests import factories, partner_sites, people
from tests.partner_sites import SITE
from tests.web.test_embed import by_partner

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BASE = "http://127.0.0.1:8000"
NOBODYS = "0" * 16


def ask(client: FlaskClient, url: str, **more: str | int) -> Answer:
    return client.get(f"/oembed?{urlencode({'url': url} | more)}")


def told(client: FlaskClient, url: str, **more: str | int) -> dict[str, Any]:
    answer = ask(client, url, **more)
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.get_data())
    return found


@on_sqlite
def test_a_live_key_gets_a_quote_with_a_link_and_then_a_frame(
    app: Flask, client: FlaskClient
) -> None:
    key = partner_sites.make(app)
    found = told(client, f"{BASE}/ar/amazon?partner={key}")
    assert found["type"] == "rich"
    assert (found["version"], found["width"], found["height"]) == ("1.0", 600, 1300)
    # What WordPress keeps of a site that it does not know: these two, in this order.
    kept = re.fullmatch(
        r'<blockquote><a href="([^"]+)">([^<]+)</a></blockquote>'
        r'<iframe src="([^"]+)" width="600" height="1300" title="\2" frameborder="0"></iframe>',
        found["html"],
    )
    assert kept
    assert html.unescape(kept[1]) == f"{BASE}/ar/amazon?partner={key}"
    frame = html.unescape(kept[3])
    assert frame == f"{BASE}/embed/amazon?partner={key}&lang=ar"
    assert f"frame-ancestors {SITE}" in str(
        client.get(frame.removeprefix(BASE)).headers["Content-Security-Policy"]
    )


@on_sqlite
def test_without_a_live_key_the_answer_is_a_link(app: Flask, client: FlaskClient) -> None:
    blocked = partner_sites.make(app)
    partner_sites.block(app, blocked)
    for query in ("", f"?partner={NOBODYS}", f"?partner={blocked}"):
        found = told(client, f"{BASE}/en/amazon{query}")
        assert found["type"] == "link"
        assert "html" not in found
        assert found["title"]
        assert found["thumbnail_url"] == f"{BASE}/en/amazon/card.png"


@on_sqlite
def test_json_and_xml_say_the_same(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    url = f"{BASE}/de/amazon?partner={key}"
    xml = ask(client, url, format="xml")
    assert xml.mimetype == "text/xml"
    assert ask(client, url).mimetype == "application/json"
    fields = {each.tag: each.text for each in Xml.fromstring(xml.get_data())}
    assert fields == {name: str(value) for name, value in told(client, url).items()}


@on_sqlite
def test_nothing_is_larger_than_there_is_room(app: Flask, client: FlaskClient) -> None:
    url = f"{BASE}/en/amazon?partner={partner_sites.make(app)}"
    small = told(client, url, maxwidth=390, maxheight=750)
    assert (small["width"], small["height"]) == (390, 750)
    assert 'width="390" height="750"' in small["html"]
    assert "thumbnail_url" not in small
    assert told(client, url, maxwidth=1200)["thumbnail_width"] == 1200
    assert told(client, url, maxheight=100)["type"] == "link", "no form fits there"
    for odd in ("0", "-1", "x", "9" * 400, "٣", ""):
        assert told(client, url, maxwidth=odd)["width"] == 600


@on_sqlite
def test_an_address_is_taken_in_each_of_its_shapes(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    for path, language in (
        (f"/amazon?partner={key}", "en"),
        (f"/fr/amazon/?partner={key}", "fr"),
        (f"/embed/amazon?partner={key}&lang=pl", "pl"),
        (f"/embed/amazon?partner={key}&lang=xx", "en"),
    ):
        assert f"&amp;lang={language}" in told(client, f"{BASE}{path}")["html"], path


@on_sqlite
def test_other_addresses_are_refused(client: FlaskClient) -> None:
    """Whether a page that is not for everybody is there, is not looked up."""
    for url, status in (
        (f"{BASE}/en/nothing", 404),
        (f"{BASE}/", 404),
        (f"{BASE}/en/amazon/thanks", 404),
        ("https://elsewhere.example/en/amazon", 404),
        ("http://[", 404),
        ("", 404),
        (f"{BASE}/staff/people", 401),
        (f"{BASE}/my/anything", 401),
        (f"{BASE}/confirm/anything", 401),
    ):
        assert ask(client, url).status_code == status, url


@on_sqlite
def test_a_draft_is_as_good_as_not_there_and_other_formats_are_none(
    app: Flask, client: FlaskClient
) -> None:
    assert ask(client, f"{BASE}/en/amazon", format="yaml").status_code == 501
    factories.change(app, "UPDATE campaigns SET state = 'draft'")
    dependencies_of(app).campaign_cache.clear()
    draft, none = ask(client, f"{BASE}/en/amazon"), ask(client, f"{BASE}/en/nothing")
    assert (draft.status_code, draft.data) == (none.status_code, none.data) == (404, none.data)


@on_sqlite
def test_the_page_names_both_answers_and_they_are_about_it(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    for query, kind in (("", "link"), (f"?partner={key}", "rich"), ("?partner=x", "link")):
        page = client.get(f"/en/amazon{query}").get_data(as_text=True)
        found = re.findall(r'type="([^"]+)\+oembed" href="([^"]+)"', page)
        assert [each for each, _ in found] == ["application/json", "text/xml"]
        answer = client.get(html.unescape(found[0][1]).removeprefix(BASE))
        assert json.loads(answer.get_data())["type"] == kind


@on_sqlite
def test_any_page_may_ask(client: FlaskClient) -> None:
    answer = ask(client, f"{BASE}/en/amazon")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"].startswith("public, max-age=10")
    assert "Set-Cookie" not in answer.headers


# --- the page that the address leads to -----------------------------------------------------------


def sign_by(client: FlaskClient, query: str, form: people.Form) -> Answer:
    """Open the page by a link with this query, fill the form in, send it."""
    page = client.get(f"/en/amazon{query}").get_data(as_text=True)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)
    assert ticket
    return client.post("/en/amazon/sign", data=form | {"ticket": ticket[1]})


def test_who_signs_by_a_partners_link_is_counted_for_it(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    plain = sign_by(client, "", people.cora)
    answer = sign_by(client, f"?partner={key}", people.ben)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/amazon/thanks")
    assert list(answer.headers) == list(plain.headers)
    for entry_id in factories.entries(app):
        factories.confirm(app, entry_id)
    assert by_partner(app) == [("", 1), (key, 1)]


@on_sqlite
def test_the_partner_stays_over_mistakes_and_languages(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    wrong = sign_by(client, f"?partner={key}", people.ben | {"given_name": ""})
    again = re.search(r'name="ticket" value="([^"]+)"', wrong.get_data(as_text=True))
    assert again
    menu = client.get(f"/en/amazon?partner={key}").get_data(as_text=True)
    assert f'href="/ar/amazon?partner={key}"' in menu
    sent = client.post("/en/amazon/sign", data=people.ben | {"ticket": again[1]})
    assert sent.status_code == 303
    assert factories.rows(app, "SELECT partner FROM entries") == [(key,)]


@on_sqlite
def test_a_blocked_or_unknown_partners_link_leads_to_the_plain_page(
    app: Flask, client: FlaskClient
) -> None:
    key = partner_sites.make(app)
    page = client.get(f"/en/amazon?partner={key}").get_data(as_text=True)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)
    assert ticket
    partner_sites.block(app, key)
    late = client.post("/en/amazon/sign", data=people.ben | {"ticket": ticket[1]})
    assert late.status_code == 422
    assert people.ben["email"] in late.get_data(as_text=True)
    for asked in (key, NOBODYS):
        assert sign_by(client, f"?partner={asked}", people.ben).status_code == 303
    assert factories.rows(app, "SELECT DISTINCT partner FROM entries") == [(None,)]


@on_sqlite
def test_a_ticket_of_one_place_opens_no_other(app: Flask, client: FlaskClient) -> None:
    """A frame's is none on our page, and a link's is none in a frame."""
    key = partner_sites.make(app)
    page = client.get(f"/en/amazon?partner={key}").get_data(as_text=True)
    linked = re.search(r'name="ticket" value="([^"]+)"', page)
    assert linked
    framed = partner_sites.ticket(client, key)
    for place, ticket in (
        ("/en/amazon/sign", framed),
        (partner_sites.address(key, place="/sign"), linked[1]),
        ("/de/amazon/sign", linked[1]),
    ):
        assert client.post(place, data=people.ben | {"ticket": ticket}).status_code == 422
    assert factories.rows(app, "SELECT count(*) FROM entries") == [(0,)]


# --- a frame in a sandbox -------------------------------------------------------------------------

IN_A_SANDBOX = {"Origin": "null", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"}


@on_sqlite
def test_a_form_in_a_sandbox_comes_from_null_and_needs_its_ticket(
    app: Flask, client: FlaskClient
) -> None:
    key = partner_sites.make(app)
    place = partner_sites.address(key, place="/sign")
    good = people.ben | {"ticket": partner_sites.ticket(client, key)}
    foreign = IN_A_SANDBOX | {"Origin": "https://stranger.example"}
    assert client.post(place, data=good, headers=foreign).status_code == 403
    assert client.post(place, data=people.ben, headers=IN_A_SANDBOX).status_code == 422
    ours = people.ben | {"ticket": factories.ticket(client)}
    assert client.post("/en/amazon/sign", data=ours, headers=IN_A_SANDBOX).status_code == 403
    assert factories.rows(app, "SELECT count(*) FROM entries") == [(0,)]
    assert client.post(place, data=good, headers=IN_A_SANDBOX).status_code == 303


@on_sqlite
def test_what_a_frame_loads_may_be_loaded_in_a_sandbox(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    for place in (partner_sites.address(key), partner_sites.address(key, place="/thanks")):
        page = client.get(place).get_data(as_text=True)
        loaded = re.findall(r'<(?:link|script)[^>]*?(?:href|src)="([^"]*)"', page)
        assert loaded
        for each in loaded:
            policy = client.get(each).headers["Cross-Origin-Resource-Policy"]
            assert policy == "cross-origin", each


@on_sqlite
def test_a_frame_says_where_to_sign_if_it_may_not_send(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    page = html.unescape(client.get(partner_sites.address(key)).get_data(as_text=True))
    own_page = f'href="{BASE}/en/amazon?partner={key}" target="_blank"'
    unsent = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert own_page in unsent
    instead = page.partition('id="elsewhere" hidden')[2].partition("</div>")[0]
    assert own_page in instead

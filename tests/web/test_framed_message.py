"""The email action in a frame on a partner's site: the same steps, for the partner, and silent."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from tests import partner_sites, people
from tests.factories import confirm, entries, rows, work
from tests.messages import KEYS, read_form, to_targets


def test_from_the_thanks_to_the_targets(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    partner_sites.ask(app, key)
    thanks = client.get(partner_sites.address(key, "ar", "/thanks")).get_data(as_text=True)
    address = partner_sites.address(key, "ar", "/message")
    assert address.replace("&", "&amp;") in thanks
    shown = client.get(address)
    form = read_form(shown.get_data(as_text=True)) | people.cora | {"shown_as": "supporter"}
    assert "partner_updates" not in shown.get_data(as_text=True)  # asked in English alone
    steps = {
        step: client.post(partner_sites.address(key, "ar", f"/message{step}"), data=form)
        for step in ("/preview", "/edit", "/own", "")
    }
    sent = client.get(steps[""].headers["Location"])
    said = client.post(partner_sites.address(key, "ar", "/message/own/sent"))
    own = client.get(said.headers["Location"])
    for page in (shown, steps["/preview"], steps["/edit"], steps["/own"], sent, own):
        assert page.status_code == 200
        assert partner_sites.SITE in page.headers["Content-Security-Policy"]
        html = page.get_data(as_text=True)
        assert "data-sites" not in html  # nothing speaks with the page around it
        assert 'dir="rtl"' in html
        # Our other pages refuse to be shown in a frame: each link but those to steps opens apart.
        for link in re.findall(r"<a\b[^>]*href=[^>]*>", html):
            assert 'target="_blank"' in link or "/message" in link or 'href="#' in link, link
    assert rows(app, "SELECT partner FROM entries") == [(key,)]
    work(app)
    confirm(app, entries(app)[0])
    work(app)
    assert len(to_targets(app)) == len(KEYS)


def test_who_writes_is_asked_by_the_partner_as_who_signs(app: Flask, client: FlaskClient) -> None:
    """In its frame and by its link; the yes counts once the writer confirmed, as any other."""
    key = partner_sites.asking(app)
    for place, person, answer in (
        (partner_sites.address(key, "en", "/message"), people.cora, "yes"),
        (f"/en/amazon/message?partner={key}", people.ben, "yes"),
        (partner_sites.address(key, "en", "/message"), people.amina, ""),
    ):
        page = client.get(place).get_data(as_text=True)
        assert partner_sites.QUESTION in page
        assert "Union e. V. asks this" in page
        assert not re.search(r"partner_updates[^>]*checked", page)
        form = read_form(page) | person | {"shown_as": "supporter", "partner_updates": answer}
        step = (
            partner_sites.address(key, "en", "/message/preview")
            if "embed" in place
            else ("/en/amazon/message/preview")
        )
        kept = read_form(client.post(step, data=form).get_data(as_text=True))
        assert ("partner_updates" in kept) == bool(answer)
        assert client.post(step.replace("/preview", ""), data=kept).status_code == 303
    assert partner_sites.on_list(app, key) == []
    for entry in entries(app):
        confirm(app, entry)
    assert partner_sites.on_list(app, key) == [1, 2]


def test_a_ticket_is_good_in_its_own_place_alone(app: Flask, client: FlaskClient) -> None:
    one = partner_sites.make(app)
    other = partner_sites.make(app, "Other", ("https://other.example.org",))
    page = client.get(partner_sites.address(one, "en", "/message")).get_data(as_text=True)
    form = read_form(page) | people.cora | {"shown_as": "supporter"}
    for address in (partner_sites.address(other, "en", "/message"), "/en/amazon/message"):
        assert client.post(address, data=form).status_code == 422
    assert client.get("/embed/amazon/message?partner=nobody").status_code == 404
    assert rows(app, "SELECT id FROM entries") == []

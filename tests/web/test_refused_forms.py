"""Forms asked for with a key that shows none: staff see from which site, and no visitors."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.partners.refused_form import MOST_SITES
from tests import console, factories, partner_sites
from tests.conftest import Clock

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ROOM = "/staff/campaigns/amazon/partners"
MINUTE = timedelta(minutes=1)
ROWS = "SELECT partner_key, site, number FROM refused_forms ORDER BY partner_key, site"


def ask(client: FlaskClient, key: str, referrer: str) -> None:
    assert client.get(partner_sites.address(key), headers={"Referer": referrer}).status_code == 404


def test_staff_see_which_site_asked_with_a_blocked_or_unknown_key(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    key = partner_sites.make(app)
    partner_sites.block(app, key)
    ask(client, key, "https://union.example.org/join?member=anna")
    clock.forward(MINUTE)
    ask(client, "0" * 16, "https://Typo.example.org:8443/x")
    for _ in range(3):
        clock.forward(MINUTE)
        ask(client, key, "https://union.example.org/")
    assert factories.rows(app, ROWS) == [
        ("", "typo.example.org", 1),
        (key, "union.example.org", 4),
    ]
    staff = console.enter(app, "viewer")
    of_partner = html.unescape(staff.get(f"{ROOM}/{key}").get_data(as_text=True))
    assert "Asked for without success" in of_partner
    assert "union.example.org</bdi></th>" in of_partner
    assert "anna" not in of_partner
    of_all = html.unescape(staff.get(ROOM).get_data(as_text=True))
    assert "typo.example.org" in of_all


@on_sqlite
def test_a_key_that_works_leaves_no_trace(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    assert client.get(partner_sites.address(key)).status_code == 200
    assert factories.rows(app, ROWS) == []


@on_sqlite
@pytest.mark.parametrize(
    "referrer",
    [
        "",
        "null",
        "https://",
        "https://[::1",
        f"https://{'a' * 254}.example",
        "https://<script>.example/",
        "https://ünïon.example/",
        "javascript:alert(1)",
        "https://user:pass@/",
    ],
)
def test_what_is_no_sites_name_is_not_kept(app: Flask, client: FlaskClient, referrer: str) -> None:
    environ = {"HTTP_REFERER": referrer.encode().decode("latin-1")}
    answer = client.get(partner_sites.address("x" * 400), environ_base=environ)
    assert answer.status_code == 404
    assert factories.rows(app, ROWS) == [("", "", 1)]


@on_sqlite
def test_a_crowd_is_one_row_and_one_write_in_a_minute(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    for _ in range(40):
        ask(client, "nobody's", "https://union.example.org/")
    assert factories.rows(app, ROWS) == [("", "union.example.org", 1)]
    clock.forward(MINUTE)
    ask(client, "nobody's", "https://union.example.org/")
    assert factories.rows(app, ROWS) == [("", "union.example.org", 41)]


@on_sqlite
def test_rows_end_somewhere_and_go_after_a_month(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    for number in range(MOST_SITES + 5):
        ask(client, "nobody's", f"https://site-{number}.example/")
        clock.forward(MINUTE)
    found = {site: number for _, site, number in factories.rows(app, ROWS)}
    assert len(found) == MOST_SITES + 1
    assert found[""] == 5
    clock.forward(timedelta(days=31))
    factories.work(app)
    assert factories.rows(app, ROWS) == []

"""Browsers that do not say from where a form comes: what they send from our own pages is taken."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import console, factories, people, rights

NULL = {"Origin": "null"}
SENDS_ORIGIN = "strict-origin-when-cross-origin"
"""The policy of the pages whose forms are sent with their origin: no path or token in it."""


def again(answer: Any) -> dict[str, str]:
    """The hidden fields of the form that came back."""
    text = answer.get_data(as_text=True)
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
    return dict(found)


def test_a_form_that_comes_back_passes_with_a_null_origin(app: Flask, client: FlaskClient) -> None:
    """What a browser sends from a page that passes no Referer on, also from one in its cache."""
    form = people.ben | {"ticket": factories.ticket(client)}
    first = client.post("/en/amazon/sign", data=form | {"agree": ""}, headers=NULL)
    assert first.status_code == 422
    second = client.post("/en/amazon/sign", data=form | again(first), headers=NULL)
    assert (second.status_code, second.headers["Location"]) == (303, "/en/amazon/thanks")


@pytest.mark.parametrize("ticket", ["", "forged", "1.2.3"])
def test_a_null_origin_alone_signs_nothing(app: Flask, client: FlaskClient, ticket: str) -> None:
    form = people.ben | {"ticket": ticket}
    answer = client.post("/en/amazon/sign", data=form, headers=NULL)
    assert answer.status_code == 422
    assert factories.rows(app, "SELECT count(*) FROM entries") == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("place", "wrong", "right"),
    [
        ("sign", {}, {}),
        ("code", {"email": "x"}, {"email": "ben@example.org", "code": "KFQ-TRW"}),
        ("my", {"email": "x"}, {"email": "ben@example.org"}),
        ("resend", {"email": ""}, {"email": "ben@example.org"}),
    ],
)
def test_each_public_form_that_comes_back_is_sent_with_its_origin(
    client: FlaskClient, place: str, wrong: dict[str, str], right: dict[str, str]
) -> None:
    address = f"/en/amazon/{place}"
    answer = client.post(address, data=wrong)
    assert answer.status_code == 422
    assert answer.headers.getlist("Referrer-Policy") == [SENDS_ORIGIN]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    for headers in (NULL, {"Origin": "http://localhost"}):
        sent = client.post(address, data=right, headers=headers)
        assert sent.status_code in {303, 422}, headers


def test_the_page_about_too_many_codes_too(client: FlaskClient) -> None:
    form = {"email": "ben@example.org", "code": "KFQ-TRW"}
    for _ in range(20):
        answer = client.post("/en/amazon/code", data=form, headers=NULL)
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert answer.headers["Referrer-Policy"] == SENDS_ORIGIN


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_links_and_staff_keep_their_addresses_to_themselves_and_work(
    app: Flask, client: FlaskClient
) -> None:
    """Their pages pass nothing on, so that old browsers say null: token and session prove more."""
    link = rights.signed(app, client, people.cora)
    confirm = rights.newest(app, "confirm")
    for address in (link, confirm):
        assert client.get(address).headers["Referrer-Policy"] == "no-referrer"
    wrong = client.post(f"{link}/correct", headers=NULL)
    assert (wrong.status_code, wrong.headers["Referrer-Policy"]) == (422, "no-referrer")
    form = {"given_name": "Cora", "family_name": ""}
    assert client.post(f"{link}/correct", data=form, headers=NULL).status_code == 303
    assert client.post(confirm, headers=NULL).status_code == 303
    staff = console.enter(app)
    page = staff.get("/staff/campaigns/amazon/domains")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    token = {"csrf_token": console.form_token(page)}
    address = "/staff/campaigns/amazon/domains"
    wrong = staff.post(address, data=token | {"domain": "-"}, headers=NULL)
    assert wrong.status_code == 422
    right = staff.post(address, data=token | {"domain": "amazon.example"}, headers=NULL)
    assert right.status_code == 303
    forged = staff.post(address, data={"domain": "amazon.test"}, headers=NULL)
    assert forged.status_code == 422
    for refused in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        answer = staff.post(address, data=token | {"domain": "amazon.test"}, headers=refused)
        assert answer.status_code == 403
    left = factories.rows(app, "SELECT count(*) FROM target_domains WHERE pattern = 'amazon.test'")
    assert left == [(0,)]


def test_errors_that_carry_no_form_pass_nothing_on(client: FlaskClient) -> None:
    for address in ("/confirm/forged", "/nothing", "/Confirm/x/y", "/my/forged"):
        assert client.get(address).headers["Referrer-Policy"] == "no-referrer"

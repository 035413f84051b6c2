"""The console's pages of partners: who may make, block and read, and what stands to be pasted."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition import assets
from petition.assets import EMBED
from tests import console, factories, partner_sites, people
from tests.park import open_park

ROOM = "/staff/campaigns/amazon/partners"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


def add(
    client: FlaskClient, name: str = "Union", sites: str = "https://union.example.org"
) -> Answer:
    token = console.form_token(client.get(ROOM))
    return client.post(ROOM, data={"csrf_token": token, "name": name, "sites": sites})


def press(client: FlaskClient, key: str, verb: str, room: str = ROOM) -> Answer:
    token = console.form_token(client.get(ROOM))
    return client.post(f"{room}/{key}/{verb}", data={"csrf_token": token})


def last_in_the_log(app: Flask) -> tuple[object, ...]:
    query = "SELECT who, action, outcome, detail FROM audit ORDER BY id DESC LIMIT 1"
    return factories.rows(app, query)[0]


@pytest.mark.parametrize("role", ["owner", "editor"])
def test_a_partner_is_made_blocked_and_goes_on(app: Flask, client: FlaskClient, role: str) -> None:
    staff = console.enter(app, role)
    sites = "https://union.example.org/join\n\n https://www.union.example.org "
    answer = add(staff, "Ver.di & friends", sites)
    assert answer.status_code == 303
    place = answer.headers["Location"]
    key = place.split("/")[-2]
    assert place == f"{ROOM}/{key}/arrangement"
    place = f"{ROOM}/{key}"
    page = text(staff.get(place))
    assert "Ver.di & friends" in page
    assert "https://www.union.example.org" in page
    assert last_in_the_log(app) == (console.address(role), "partner", "added", f"amazon: {key}")
    assert client.get(partner_sites.address(key)).status_code == 404
    assert "Nobody has accepted the arrangement yet" in text(staff.get(place))
    partner_sites.accept(app, key)
    assert client.get(partner_sites.address(key)).status_code == 200
    assert press(staff, key, "block").status_code == 303
    assert client.get(partner_sites.address(key)).status_code == 404
    assert "This partner is blocked" in text(staff.get(place))
    assert "(blocked)" in text(staff.get(ROOM))
    assert last_in_the_log(app)[2] == "blocked"
    assert press(staff, key, "lift").status_code == 303
    assert client.get(partner_sites.address(key)).status_code == 200
    assert last_in_the_log(app)[2] == "live"


@on_sqlite
@pytest.mark.parametrize("role", ["viewer", "moderator", "exporter"])
def test_who_may_not_edit_reads_and_changes_nothing(app: Flask, role: str) -> None:
    key = partner_sites.make(app)
    staff = console.enter(app, role)
    assert 'name="sites"' not in text(staff.get(ROOM))
    assert "Block it" not in text(staff.get(f"{ROOM}/{key}"))
    token = console.form_token(staff.get("/staff/"))
    for place in (ROOM, f"{ROOM}/{key}/block", f"{ROOM}/{key}/lift"):
        assert staff.post(place, data={"csrf_token": token}).status_code == 403
    assert factories.rows(app, "SELECT state FROM partners") == [("live",)]


@on_sqlite
def test_a_key_takes_a_second_factor_that_was_given_lately(app: Flask) -> None:
    staff = console.enter(app)
    token = console.form_token(staff.get(ROOM))
    factories.change(
        app, "UPDATE staff_sessions SET second_factor_at = '2026-01-01 00:00:00+00:00'"
    )
    form = {"csrf_token": token, "name": "Union", "sites": "https://union.example.org"}
    answer = staff.post(ROOM, data=form)
    assert answer.status_code == 403
    assert "second-factor/again" in text(answer)
    assert factories.rows(app, "SELECT count(*) FROM partners") == [(0,)]


@on_sqlite
@pytest.mark.parametrize(
    ("name", "sites", "words"),
    [
        ("", "https://union.example.org", "Please fill this in"),
        ("123", "https://union.example.org", "in any script"),
        ("a" * 101, "https://union.example.org", "100 characters at most"),
        ("Union", "", "Please fill this in"),
        ("Union", "http://union.example.org", "no site such as"),
        ("Union", "https://a.example\nhttps://*.b.example", "https://*.b.example"),
        ("Union", "\n".join(f"https://{n}.example" for n in range(11)), "ten sites"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    app: Flask, name: str, sites: str, words: str
) -> None:
    answer = add(console.enter(app), name, sites)
    assert answer.status_code == 422
    assert words in text(answer)
    assert sites.splitlines()[:1] == [] or sites.splitlines()[0] in text(answer)
    assert factories.rows(app, "SELECT count(*) FROM partners") == [(0,)]


@on_sqlite
def test_another_campaigns_partner_is_not_there(app: Flask) -> None:
    open_park(app)
    key = partner_sites.make(app, slug="park")
    staff = console.enter(app)
    assert staff.get(f"{ROOM}/{key}").status_code == 404
    for verb in ("block", "lift"):
        assert press(staff, key, verb).status_code == 404
    assert staff.get(f"{ROOM}/nothing").status_code == 404
    assert factories.rows(app, "SELECT state FROM partners") == [("live",)]


@on_sqlite
def test_what_is_pasted_stands_there_in_the_language_that_is_chosen(app: Flask) -> None:
    key = partner_sites.make(app, sites=("https://union.example.org",))
    staff = console.enter(app)
    page = text(staff.get(f"{ROOM}/{key}?lang=ar"))
    pasted = [html.unescape(each) for each in re.findall(r"<pre[^>]*><code>(.*?)</code>", page)]
    assert f'data-campaign="amazon" data-partner="{key}" data-lang="ar"' in page
    assert "/embed.js" in page
    assert f'integrity="{assets.integrity(EMBED)}" crossorigin="anonymous"' in page
    assert assets.address(EMBED) in page
    assert f"/embed/amazon?partner={key}&lang=ar" in page
    assert "/ar/amazon/card.png" in page
    assert 'width="100%"' in page
    assert len(pasted) == 6


def test_numbers_by_partner_follow_the_rule_of_small_cells(app: Flask, client: FlaskClient) -> None:
    many, few = partner_sites.make(app, "Many"), partner_sites.make(app, "Few")
    for number in range(12):
        key = few if number == 0 else many
        assert partner_sites.sign(client, key, people.someone(number)).status_code == 303
    for entry_id in factories.entries(app):
        factories.confirm(app, entry_id)
    factories.work(app)
    sees_all = text(console.enter(app).get("/staff/campaigns/amazon"))
    sees_tens = text(console.enter(app, "viewer").get("/staff/campaigns/amazon"))

    def figures(page: str) -> list[tuple[str, str]]:
        part = page[page.index('id="partner-heading"') :]
        return re.findall(r'<th scope="row">(\w+)</th><td class="number">(\d+)</td>', part)[:2]

    assert figures(sees_all) == [("Many", "11"), ("Few", "1")]
    assert figures(sees_tens)[0] == ("Many", "10")
    assert "Few" not in sees_tens

"""Who may not see personal data gets none of it in any answer, and no cell under ten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.staff.roles import Right
from petition.services.campaigns import content_files
from petition.services.counts import country_figures
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people
from tests.conftest import Clock
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

CAMPAIGN = "/staff/campaigns/amazon"
IDENTIFYING = ("given_name", "family_name", "email", "comment", "postcode")
REASON = "for Amina's letter"
ENDING = (
    "/staff/sign-out",
    "/staff/account/sign-out-everywhere",
    "/staff/account/second-factor",
)
"""Who opens these is signed out, or goes on to a new second factor."""


@pytest.fixture(autouse=True)
def signed(app: Flask, client: FlaskClient, clock: Clock, worlds: Worlds) -> None:
    """Three have confirmed, one has not; their list was taken out."""
    worlds.enter(app, clock, "list_taken_out", lambda: _signed(app, client))


def _signed(app: Flask, client: FlaskClient) -> None:
    for form in people.SIGNERS:
        assert factories.sign(client, form | {"visibility": "public"}).status_code == 303
    factories.work(app)
    for letter in factories.letters(app)[:3]:
        client.post(factories.link_in(letter))
    factories.work(app)
    console.export(console.enter(app, "exporter"), REASON)


def every_page(app: Flask, client: FlaskClient) -> Iterator[tuple[str, bytes]]:
    """What all addresses of the console answer, and all links and forms on them."""
    rules = (rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/staff/"))
    waiting = [
        re.sub(r"<id:\w+>", "1", rule.rule.replace("<slug:slug>", "amazon"))
        for rule in rules
        if "<secret:" not in rule.rule
    ]
    seen: set[str] = set()
    token = console.form_token(client.get("/staff/"))
    while waiting:
        address = waiting.pop(0).partition("#")[0]
        if address in seen or address in ENDING:
            continue
        seen.add(address)
        for answer in (
            client.get(address),
            client.post(address, data={"csrf_token": token, "reason": "a look"}),
        ):
            yield address, answer.data
            found = re.findall(r'(?:href|action)="(/staff/[^"]*)"', answer.get_data(as_text=True))
            waiting += [each.replace("&amp;", "&") for each in found]


@pytest.mark.parametrize("campaign", [None, "amazon"])
@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_no_answer_has_a_name_an_address_or_a_comment(
    app: Flask, role: str, campaign: str | None
) -> None:
    client = console.enter(app, role, campaign=campaign, also=[Right.LETTERS, Right.OPEN_CLOSE])
    told = {form[field] for form in people.SIGNERS for field in IDENTIFYING if form.get(field)}
    assert len(told) > 10
    pages = dict(every_page(app, client))
    assert client.get("/staff/").status_code == 200, "signed in to the end"
    assert CAMPAIGN in pages
    for address, answer in pages.items():
        text = answer.decode()
        for each in (*told, REASON):
            assert each not in text, address


def test_the_search_would_find_them(app: Flask) -> None:
    """The control: who may see personal data gets it."""
    client = console.enter(app, "owner")
    unseen = {people.amina["given_name"], people.amina["comment"]}
    for _, answer in every_page(app, client):
        unseen -= {each for each in unseen if each in answer.decode()}
        if not unseen:
            break  # the other pages show no more than that
    assert not unseen


def cells(client: FlaskClient) -> list[str]:
    page = client.get(CAMPAIGN).get_data(as_text=True)
    return re.findall(r'<td class="number">([^<]*)</td>', page)


def test_no_cell_is_under_ten(app: Flask) -> None:
    viewer, owner = console.enter(app, "viewer"), console.enter(app, "owner")
    assert cells(viewer) == ["fewer than ten"] * 5
    assert "3" in cells(owner)
    for dimension, value, number in (
        ("language", "de", 27),
        ("language", "pl", 9),
        ("day", "2026-11-01", 14),
        ("day", "2026-10-31", 4),
        ("country", "DE", 31),
        ("country", "FR", 5),
    ):
        factories.change(
            app,
            "INSERT INTO counts (campaign_id, dimension, value, confirmed)"
            " SELECT id, :dimension, :value, :number FROM campaigns",
            dimension=dimension,
            value=value,
            number=number,
        )
    factories.change(app, "UPDATE counts SET confirmed = 60 WHERE dimension = 'total'")
    with app.app_context(), transaction() as session:
        at = dependencies_of(app).now()
        country_figures.snapshot_countries(session, factories.the_call(app).id, at=at)
    found = cells(viewer)
    assert sorted(each for each in found if each.isdecimal()) == ["10", "20", "30"]
    assert "14" in cells(owner)
    page = viewer.get(CAMPAIGN).get_data(as_text=True)
    assert "rounded down to tens" in page
    assert "Polish" not in page
    assert "rounded down to tens" not in owner.get(CAMPAIGN).get_data(as_text=True)


def test_one_sees_ones_own_campaigns_by_their_titles(app: Flask, tmp_path: Path) -> None:
    with app.app_context(), transaction() as session:
        folder = factories.shipped_call(tmp_path, slug="depot")
        at = dependencies_of(app).now()
        content_files.load_and_open_new(session, folder, organiser="Us", at=at)
    here, there = "/staff/campaigns/amazon", "/staff/campaigns/depot"
    for campaign, wanted in ((None, {here, there}), ("amazon", {here}), ("depot", {there})):
        client = console.enter(app, "viewer", f"{campaign}@example.org", campaign=campaign)
        page = client.get("/staff/").get_data(as_text=True)
        assert set(re.findall(r'href="(/staff/campaigns/[^"]*)"', page)) == wanted
        for code in ("en", "de"):
            page = client.get("/staff/", headers={"Accept-Language": code}).get_data(as_text=True)
            title = factories.the_call(app, code).call.title
            assert page.count(f'lang="{code}" dir="ltr">{title}</a>') == len(wanted)


def links(client: FlaskClient, address: str) -> set[str]:
    page = client.get(address).get_data(as_text=True)
    head = page[page.index("<header") : page.index("<main")]
    return set(re.findall(r'href="(/staff/[^"]*)"', head))


@pytest.mark.parametrize("role", ["owner", "editor", "moderator", "exporter", "viewer"])
def test_the_navigation_leads_only_where_one_may_go(app: Flask, role: str) -> None:
    everywhere = console.enter(app, role)
    here = console.enter(app, role, "here@example.org", campaign="amazon")
    for client in (everywhere, here):
        for address in links(client, CAMPAIGN):
            assert client.get(address).status_code == 200, (role, address)
    assert "/staff/limits" in links(everywhere, CAMPAIGN)
    assert "/staff/limits" not in links(here, CAMPAIGN)
    assert ("/staff/people" in links(everywhere, CAMPAIGN)) == (role == "owner")
    assert "/staff/people" not in links(here, CAMPAIGN)


def test_each_page_links_to_its_part_of_the_guide(app: Flask) -> None:
    client = console.enter(app)
    guide = client.get("/staff/help").get_data(as_text=True)
    for address in ("/staff/", CAMPAIGN, f"{CAMPAIGN}/comments", f"{CAMPAIGN}/domains",
                    f"{CAMPAIGN}/signatures", "/staff/limits", "/staff/people"):  # fmt: skip
        page = client.get(address).get_data(as_text=True)
        found = re.search(r'href="/staff/help#([^"]+)"', page)
        assert found, address
        assert f'id="{found[1]}"' in guide
    for anchor in re.findall(r'href="#([^"]+)"', guide):
        assert anchor == "main" or f'id="{anchor}"' in guide
    assert "hosts.md" not in re.findall(r'href="([^"]*)"', guide)

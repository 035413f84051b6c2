"""Tables of the console sort by the links in their heads; what names no column changes nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.services.partners import partners
from petition.services.partners.partners import NewPartner
from petition.store.db import transaction
from petition.store.exports import ledger
from tests import console, factories, people, rights
from tests.conftest import Clock

pytestmark = pytest.mark.slow

NUMBERS = "/staff/campaigns/amazon"
SIGNATURES = f"{NUMBERS}/signatures"
OWNER, ZOE = console.address("owner"), "zoe@example.org"
PARTNERS = f"{NUMBERS}/partners"
TARGETS = f"{NUMBERS}/messages"
COUNTRIES = ("DE", "FR", "DE", "MT", "DE", "FR")


@pytest.fixture
def owner(app: Flask, clock: Clock, tmp_path: Path) -> FlaskClient:
    """Two campaigns, six signatures of three countries, three lists, three partners."""
    rights.another_call(app, tmp_path)
    call = factories.the_call(app)
    for number, country in enumerate(COUNTRIES):
        clock.at += timedelta(minutes=1)
        factories.keep(app, call, people.someone(number, country=country), clock())
    for entry_id in factories.entries(app)[:5]:
        factories.confirm(app, entry_id)
    factories.work(app)
    with transaction() as session:
        for number, name in enumerate(("Verein", "Arbeit", "Mut")):
            at = clock.at + timedelta(minutes=number)
            new = NewPartner(campaign="amazon", name=name, sites=(f"https://s{number}.example",))
            partners.add(session, new, by="test", at=at)
            id_ = ledger.begin_export(
                session,
                campaign_id=1,
                by=name,
                reason=f"list {name}",
                filters=ledger.FiltersRecord(),
                at=at,
            )
            ledger.finish_export(session, id_, rows=(5, 1, 9)[number], sha256="0", at=at)
    console.invite(app, "viewer", ZOE)
    return console.enter(app)


def page_of(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return html.unescape(answer.get_data(as_text=True)).replace("<wbr>", "")


def in_order(page: str, *words: str) -> list[str]:
    """The words, as they follow each other on the page's tables."""
    tables = " ".join(re.findall(r"<tbody>.*?</tbody>", page, re.DOTALL))
    return sorted(words, key=tables.index)


def heads(page: str) -> dict[str, tuple[str | None, str]]:
    """Of each head that sorts: its direction, and where its link leads."""
    found = re.findall(
        r'<th scope="col" class="(?:number )?sorts"(?: aria-sort="(\w+)")?>'
        r'<a href="([^"]+)">([^<]+)</a>',
        page,
    )
    return {words: (direction or None, link) for direction, link, words in found}


def countries(page: str) -> list[str]:
    return in_order(page[page.index("country-heading") :], "Germany", "France", "Malta")


def listed(page: str) -> list[str]:
    return re.findall(rf'<th scope="row"><a href="{SIGNATURES}/(\d+)"', page)


Read = Callable[[str], list[str]]
LEDGER: Read = lambda page: in_order(page, "list Verein", "list Arbeit", "list Mut")  # noqa: E731
CASES: dict[str, tuple[str, str, Read, list[str]]] = {
    "signatures, sent": (SIGNATURES, "Form sent", listed, ["1", "2", "3", "4", "5", "6"]),
    "signatures, state": (SIGNATURES, "State", listed, ["6", "1", "2", "3", "4", "5"]),
    "people": (
        "/staff/people",
        "Who",
        lambda page: in_order(page, OWNER, ZOE),
        [OWNER, ZOE],
    ),
    "last seen": (
        "/staff/people",
        "Last seen",
        lambda page: in_order(page, OWNER, ZOE),
        [ZOE, OWNER],
    ),
    "audit": (
        "/staff/audit",
        "Number",
        lambda page: re.findall(r'<th scope="row">(1|2|3)</th>', page),
        ["1", "2", "3"],
    ),
    "ledger, by": (NUMBERS, "Who", LEDGER, ["list Arbeit", "list Mut", "list Verein"]),
    "ledger, rows": (NUMBERS, "Rows", LEDGER, ["list Arbeit", "list Verein", "list Mut"]),
    "countries": (NUMBERS, "Country", countries, ["France", "Germany", "Malta"]),
    "partners": (
        PARTNERS,
        "Partner",
        lambda page: in_order(page, "Verein", "Arbeit", "Mut"),
        ["Arbeit", "Mut", "Verein"],
    ),
    "partners, added": (
        PARTNERS,
        "Added",
        lambda page: in_order(page, "Verein", "Arbeit", "Mut"),
        ["Verein", "Arbeit", "Mut"],
    ),
    "targets": (
        TARGETS,
        "Target",
        lambda page: re.findall(rf'<th scope="row"><a href="{TARGETS}/([\w-]+)"', page),
        ["chief-executive", "human-resources", "human-rights"],
    ),
    "campaigns": (
        "/staff/",
        "Confirmed",
        lambda page: re.findall(r'<th scope="row"><a href="/staff/campaigns/(\w+)"', page),
        ["other", "amazon"],
    ),
}
"""What, on which page, under which head; what is read of it; and that in rising order."""


def test_each_table_sorts_both_ways_and_says_so(owner: FlaskClient) -> None:
    for what, (address, head, read, rising) in CASES.items():
        first = page_of(owner, address)
        link, seen = heads(first)[head][1], set()
        for _ in range(2):
            page = page_of(owner, link)
            direction, link = heads(page)[head]
            assert direction is not None, what
            seen.add(direction)
            assert read(page) == (rising if direction == "ascending" else rising[::-1]), what
        assert seen == {"ascending", "descending"}, what
        for unknown in ("nothing", "-", "--state", "state%27"):
            page = page_of(owner, f"{address}?sort={unknown}")
            assert read(page) == read(first), what
            assert heads(page) == heads(first), what


def test_one_table_of_a_page_leaves_the_others_as_they_stand(owner: FlaskClient) -> None:
    by_rows = heads(page_of(owner, NUMBERS))["Rows"][1]
    page = page_of(owner, heads(page_of(owner, by_rows))["Country"][1])
    assert heads(page)["Rows"][0] == "descending"
    assert heads(page)["Country"][0] == "ascending"
    assert LEDGER(page) == ["list Mut", "list Verein", "list Arbeit"]
    assert countries(page) == ["France", "Germany", "Malta"]


def test_filters_and_orders_keep_each_other(owner: FlaskClient) -> None:
    page = page_of(owner, f"{SIGNATURES}?country=DE")
    page = page_of(owner, heads(page)["State"][1])
    assert listed(page) == ["5", "1", "3"] or listed(page) == ["1", "3", "5"]
    assert '<input type="hidden" name="sort" value="state">' in page
    assert owner.get(f"{SIGNATURES}?after=held-1&sort=state").status_code == 200
    assert owner.get(f"{SIGNATURES}?after=king-1&sort=state").status_code == 404
    found = page_of(owner, "/staff/audit?action=invite&sort=who")
    assert [*heads(found)] == ["Number"], "among some rows no index gives another order"
    assert heads(found)["Number"][0] == "descending"


def test_pages_of_a_sorted_list_lead_on_and_back(app: Flask, owner: FlaskClient) -> None:
    call = factories.the_call(app)
    for number in range(10, 60):
        factories.keep(app, call, people.someone(number))
    first = page_of(owner, f"{SIGNATURES}?sort=-state")
    (further,) = re.findall(r'<a href="([^"]+)">Next page', first)
    assert "after=pending-" in further
    second = page_of(owner, further)
    assert len(listed(first)) == 50
    assert len({*listed(first), *listed(second)}) == 56
    (back,) = re.findall(r'<a href="([^"]+)">Page before', second)
    assert listed(page_of(owner, back)) == listed(first)

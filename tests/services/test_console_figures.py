"""What the console shows of a campaign is what SQL counts, and no page counts it itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

from petition.domain.signatures import states
from petition.domain.signatures.hold_reasons import HoldReason
from petition.services.counts import console_figures
from petition.services.signatures import holds
from petition.store.db import Session, db, reading, transaction
from petition.store.exports import contents, ledger
from tests import console, people, rights
from tests.conftest import Clock
from tests.factories import change, entries, rows, the_call, work
from tests.in_one_go import confirm_all, keep_all
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

PAGE = "/staff/campaigns/amazon"


def an_export(session: Session, clock: Clock) -> int:
    """One that has begun, and holds nothing yet."""
    filters = ledger.FiltersRecord()
    return ledger.begin_export(
        session, campaign_id=1, by="t", reason="r", filters=filters, at=clock()
    )


@pytest.fixture
def moved(app: Flask, clock: Clock, worlds: Worlds) -> Flask:
    """Fourteen have signed, a list has left, and then some of them moved on to every state."""
    worlds.enter(app, clock, "in_a_list_and_moved", lambda: _move(app, clock))
    return app


def _move(app: Flask, clock: Clock) -> None:
    shown_as = ("counted", "public")
    forms = (people.someone(number, visibility=shown_as[number % 2]) for number in range(14))
    keep_all(app, the_call(app), forms)
    confirm_all(app, entries(app)[:12])
    work(app)
    assert console.export(console.enter(app, "exporter")).status_code == 200
    reason = HoldReason.OTHER
    with transaction() as session:
        holds.hold(session, 1, reason=reason, by="t", at=clock())
        holds.reject(session, 2, reason=reason, by="t", at=clock())
        holds.reject(session, 13, reason=reason, by="t", at=clock())  # in no list
    for number in (3, 4):
        rights.withdraw(app, number)
    for number in (5, 6, 7):
        rights.erase(app, number)


def counted(app: Flask) -> dict[str, int]:
    found = rows(app, "SELECT state, count(*) FROM signatures GROUP BY state")
    return {str(state): int(str(number)) for state, number in found}


def shown(app: Flask, role: str = "owner") -> dict[str, str]:
    page = console.enter(app, role).get(PAGE).get_data(as_text=True)
    table = page[page.index('id="states-heading"') : page.index('id="day-heading"')]
    return dict(re.findall(r'<th scope="row">([^<]+)</th><td class="number">([^<]+)</td>', table))


def test_states_are_what_sql_counts(moved: Flask) -> None:
    work(moved)
    found = counted(moved)
    assert {*found} == {*states.STATES}, "each state is tried"
    assert shown(moved) == {state: str(found[state]) for state in states.STATES}
    with reading() as session:
        figures = console_figures.shown(session, 1)
    assert figures is not None
    assert figures.numbers.states == found
    waiting = rows(
        moved,
        "SELECT count(*) FROM signatures s JOIN entries e ON e.id = s.entry_id"
        " WHERE s.state = 'confirmed' AND e.visibility = 'public'",
    )
    assert waiting == [(figures.numbers.names_waiting,)]


def test_they_stay_as_they_were_counted_and_the_page_says_when(moved: Flask, clock: Clock) -> None:
    assert shown(moved)["confirmed"] == "12", "as before the list left"
    assert "As of 2 Nov 2026, 09:30" in console.enter(moved).get(PAGE).get_data(as_text=True)
    work(moved)
    assert shown(moved)["confirmed"] == str(counted(moved)["confirmed"])


def test_before_the_worker_has_counted_the_page_says_so(app: Flask) -> None:
    assert shown(app) == {}
    page = console.enter(app).get(PAGE).get_data(as_text=True)
    assert page.count("The worker has not counted yet.") == 2


def test_what_a_list_must_let_go_of_is_as_many_as_its_recall_list_names(moved: Flask) -> None:
    work(moved)
    named = rights.recalled(moved)
    assert [why for _, why in named] == ["removed", "withdrawn", "withdrawn", *["erased"] * 3]
    assert rows(moved, "SELECT to_remove FROM exports") == [(6,)]
    page = console.enter(moved).get(PAGE).get_data(as_text=True)
    assert f'<a href="{PAGE}/exports/1/recall">6</a>' in page


@pytest.mark.parametrize("offset", [0, 1, 5, 8, 13, 100])
def test_counting_by_bits(app: Flask, clock: Clock, offset: int) -> None:
    """Whatever the places of a page's first and last ids are within a byte."""
    with transaction() as session:
        for first, last, step in ((1, 40, 1), (41, 41, 1), (43, 130, 7)):
            export_id = an_export(session, clock)
            contents.note_page(session, export_id, range(first + offset, last + offset + 1, step))
    gone: list[int]
    for gone in ([], [3], [1, 2, 3], [7, 8, 9, 16, 40, 41, 120]):
        change(app, "DELETE FROM erasures")
        for each in gone:
            change(app, "INSERT INTO erasures VALUES (1, :id, :at)", id=each + offset, at=clock())
        with reading() as session:
            found = contents.count_recalled(session, 1)
            assert found == {id_: len(contents.recalled(session, id_)) for id_ in found}
        assert len(found) == 3
        assert sum(found.values()) == sum(
            each in range(first, last + 1, step)
            for each in gone
            for first, last, step in ((1, 40, 1), (41, 41, 1), (43, 130, 7))
        )


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    found: list[str] = []

    def note(*args: object) -> None:
        found.append(str(args[2]).lower())

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_the_page_reads_no_signature_entry_or_erasure(moved: Flask) -> None:
    people_s = re.compile(r"(from|join) (signatures|entries|erasures)")
    for role in ("owner", "moderator", "exporter", "viewer"):
        client = console.enter(moved, role)
        with statements() as found:
            assert client.get(PAGE).status_code == 200
        assert found
        assert [each for each in found if people_s.search(each)] == [], role


def test_the_ledger_has_pages(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        for _ in range(45):
            an_export(session, clock)
    owner = console.enter(app)

    def page(query: str) -> tuple[int, list[str]]:
        text = owner.get(f"{PAGE}{query}").get_data(as_text=True)
        links = re.findall(
            rf'href="{PAGE}(\?after=\d+)?#ledger-heading">(Page before|Next page)<', text
        )
        return text.count("cut off</code>"), [f"{words} {query}".strip() for query, words in links]

    assert page("") == (20, ["Next page ?after=26"])
    assert page("?after=26") == (20, ["Page before", "Next page ?after=6"])
    assert page("?after=6") == (5, ["Page before ?after=26"])
    assert owner.get(f"{PAGE}?after=x").status_code == 404

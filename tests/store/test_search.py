"""Searching signatures: the pages are whole and in order, and no table is read from end to end."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from petition.domain.signatures.entry_ids import new_entry_id
from petition.domain.signatures.source import Source
from petition.domain.signatures.states import STATES, State
from petition.domain.sorting import Sort
from petition.store.db import db, reading, transaction
from petition.store.signatures import bulk_insert, search
from petition.store.signatures.search import (
    NEWEST,
    OLDEST,
    Page,
    Place,
    Search,
    SignatureColumn,
)
from tests import factories, rights
from tests.conftest import Clock
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

DAYS = 4
COUNTRIES = ("DE", "FR", "MT")
SOURCES = (None, "flyer", "poster")


@dataclass(frozen=True)
class Kept:
    """What the table holds of one signature."""

    id: int
    form: int
    state: str
    country: str
    source: str | None
    day: date


@pytest.fixture
def kept(app: Flask, clock: Clock, tmp_path: Path, worlds: Worlds) -> list[Kept]:
    """A hundred signatures of two campaigns, in every state, and some with a later form."""
    return worlds.enter(app, clock, "a_hundred_and_twenty", lambda: _keep(app, clock, tmp_path))


def _keep(app: Flask, clock: Clock, folder: Path) -> list[Kept]:
    rights.another_call(app, folder)
    begin = clock.at
    with app.app_context(), transaction() as session:
        for number in range(120):
            at = begin + timedelta(days=number % DAYS, minutes=number // 7)
            call = factories.the_call(app, slug="other" if number % 6 == 5 else "amazon")
            form = replace(
                factories.new_entry(app, call, number),
                entry_id=new_entry_id(at),
                at=at,
                country=COUNTRIES[0 if number % 9 < 6 else 1 if number % 9 < 8 else 2],
                source=Source(source=SOURCES[number % 3]),
            )
            bulk_insert.add(session, [form])
    for number, state in enumerate(itertools.islice(itertools.cycle(STATES), 120), 1):
        factories.change(
            app,
            "UPDATE signatures SET state = :state, confirmed_at = created_at WHERE id = :id",
            state=state,
            id=number,
        )
    with app.app_context(), transaction() as session:
        for number in (7, 33):  # their second form is confirmed
            again = factories.new_entry(app, factories.the_call(app), number)
            at = begin + timedelta(days=DAYS, minutes=number)
            again = replace(again, entry_id=new_entry_id(at), at=at, country="FR")
            bulk_insert.add(session, [again])
            session.execute(
                text("UPDATE signatures SET entry_id = :entry WHERE id = :id"),
                {"entry": again.entry_id, "id": number + 1},
            )
    found = factories.rows(
        app,
        "SELECT s.id, e.id, s.state, e.country, e.source, CAST(e.created_at AS text)"
        " FROM signatures s JOIN entries e ON e.id = s.entry_id"
        " JOIN campaigns c ON c.id = s.campaign_id WHERE c.slug = 'amazon'",
    )
    return [Kept(*row[:5], date.fromisoformat(str(row[5])[:10])) for row in found]  # type: ignore[arg-type]


BY_STATE = Sort(SignatureColumn.STATE)
SORTS = (NEWEST, OLDEST, BY_STATE, BY_STATE.reversed)


def wanted(kept: list[Kept], asked: Search, sort: Sort[SignatureColumn]) -> list[int]:
    fits = [
        each
        for each in kept
        if asked.state in {None, each.state}
        and asked.country in {None, each.country}
        and asked.source in {None, each.source}
        and asked.day in {None, each.day}
    ]
    fits.sort(key=lambda each: each.form, reverse=sort.is_descending)
    if sort.column == SignatureColumn.STATE:
        fits.sort(key=lambda each: STATES.index(State(each.state)), reverse=sort.is_descending)
    return [each.id for each in fits]


def searches(day: date) -> Iterator[Search]:
    for state, country, source, on in itertools.product(
        (None, State.CONFIRMED, State.HELD), (None, "DE", "MT"), (None, "flyer"), (None, day)
    ):
        yield Search(state=state, country=country, source=source, day=on)


def pages(app: Flask, asked: Search, sort: Sort[SignatureColumn], most: int) -> Iterator[Page]:
    campaign_id = factories.the_call(app).id
    after: Place | None = None
    with reading() as session:
        while True:
            page = search.page(session, campaign_id, asked, sort, after=after, most=most)
            yield page
            if page.further is None:
                return
            after = page.further


def test_every_search_finds_what_fits_in_order(app: Flask, kept: list[Kept], clock: Clock) -> None:
    assert len(kept) == 100
    for asked, sort in itertools.product(searches(clock.at.date() + timedelta(days=1)), SORTS):
        read = [row.signature_id for page in pages(app, asked, sort, 7) for row in page.rows]
        assert read == wanted(kept, asked, sort), (asked, sort)


def test_the_rarer_index_and_the_other_give_the_same(
    app: Flask, kept: list[Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Search(state=State.HELD, country="DE")
    for fewer in (True, False):
        monkeypatch.setattr(search, "_are_fewer", lambda *_args, fewer=fewer: fewer)
        (page,) = pages(app, asked, NEWEST, 50)
        assert [row.signature_id for row in page.rows] == wanted(kept, asked, NEWEST)


@pytest.mark.parametrize("sort", SORTS, ids=str)
def test_one_gets_back_the_way_one_came(
    app: Flask, kept: list[Kept], sort: Sort[SignatureColumn]
) -> None:
    every = list(pages(app, Search(), sort, 7))
    campaign_id = factories.the_call(app).id
    begins = [None, *(page.further for page in every)]
    assert (every[0].is_first, every[0].back) == (True, None)
    for number, page in enumerate(every[1:], 1):
        assert not page.is_first
        assert page.back == begins[number - 1]
    row = every[-1].rows[-1]
    last = Place(row.form, row.state if sort.column == SignatureColumn.STATE else None)
    with reading() as session:
        beyond = search.page(session, campaign_id, Search(), sort, after=last, most=7)
    assert (beyond.rows, beyond.further, beyond.is_first) == ((), None, False)
    assert beyond.back is not None


def test_pages_stay_whole_while_rows_come_and_go(app: Flask, kept: list[Kept]) -> None:
    order = wanted(kept, Search(), OLDEST)
    campaign_id = factories.the_call(app).id
    with reading() as session:
        first = search.page(session, campaign_id, Search(), OLDEST, most=10)
    for gone in (order[3], order[9], order[10]):  # the page's last row, and the next one
        assert rights.erase(app, gone) is not None
    with reading() as session:
        second = search.page(session, campaign_id, Search(), OLDEST, after=first.further, most=10)
    assert [row.signature_id for row in second.rows] == order[11:21]


def test_counting_by_state(app: Flask, kept: list[Kept], clock: Clock) -> None:
    campaign_id = factories.the_call(app).id
    by_id = {each.id: each for each in kept}
    with reading() as session:
        for asked in searches(clock.at.date()):
            fits = [by_id[id_].state for id_ in wanted(kept, asked, NEWEST)]
            found = search.by_state(session, campaign_id, asked)
            assert found == {state: fits.count(state) for state in set(fits)}
            takes = frozenset({State.HELD, State.PENDING})
            ids = search.ids(session, campaign_id, asked, OLDEST, takes, most=9)
            every = wanted(kept, asked, OLDEST)
            assert ids == [id_ for id_ in every if by_id[id_].state in takes][:9]


def test_nothing_that_was_typed_is_read(app: Flask, kept: list[Kept]) -> None:
    assert kept
    for statement, _ in statements(app, Search()):
        assert "sealed" not in statement
        assert "address_key" not in statement


def statements(app: Flask, asked: Search) -> list[tuple[str, Any]]:
    """What a page in the middle asks the database."""
    found: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            found.append((statement, values))

    campaign_id = factories.the_call(app).id
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with reading() as session:
            first = search.page(session, campaign_id, asked, NEWEST, most=5)
            search.page(session, campaign_id, asked, NEWEST, after=first.further, most=5)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_table_is_read_from_end_to_end_and_nothing_is_sorted(
    app: Flask, kept: list[Kept], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fewer in (True, False):
        monkeypatch.setattr(search, "_are_fewer", lambda *_args, fewer=fewer: fewer)
        for asked in searches(clock.at.date()):
            for statement, values in statements(app, asked):
                with db.engine.connect() as connection:
                    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                    steps = [str(row[3]) for row in plan]
                whole = [step for step in steps if re.match("SCAN (signatures|entries)", step)]
                assert not whole, (asked, steps)
                assert not any("TEMP B-TREE" in step for step in steps), (asked, steps)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.postgresql
def test_postgresql_has_an_index_in_the_order_of_each_search(
    app: Flask, kept: list[Kept], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With so few rows it would read all of them: it is told to take an index where there is."""
    for fewer, asked in itertools.product((True, False), searches(clock.at.date())):
        monkeypatch.setattr(search, "_are_fewer", lambda *_args, fewer=fewer: fewer)
        for statement, values in statements(app, asked):
            with db.engine.connect() as connection:
                for off in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"):
                    connection.exec_driver_sql(f"SET enable_{off} = off")
                plan = connection.exec_driver_sql(f"EXPLAIN {statement}", values)
                steps = "\n".join(str(row[0]) for row in plan)
            assert "Seq Scan" not in steps, (asked, steps)
            if "LIMIT" in statement and "count" not in statement:
                assert "Sort" not in steps, (asked, steps)

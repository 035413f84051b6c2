"""Long lists of the console: whole and in order by each column, on the way there and back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Protocol

import pytest
from flask import Flask
from sqlalchemy import event, text

from petition.domain.sorting import Sort
from petition.errors import NotFound
from petition.store.db import db, reading, transaction
from petition.store.db.keyset import PartOfList
from petition.store.exports import ledger
from petition.store.exports.ledger import LedgerColumn
from petition.store.staff import accounts, audit, audit_rows
from petition.store.staff.accounts import AccountColumn
from petition.store.staff.audit_rows import AuditColumn, Search
from tests import factories
from tests.conftest import Clock

MOST = 4
WHO = ("mo", "kim", "sam")


class List(Protocol):
    """A page of a list, from the row with that place on."""

    def __call__(self, sort: Any, after: int | None) -> PartOfList: ...


@pytest.fixture
def filled(app: Flask, clock: Clock) -> Flask:
    """Eleven of each, of three people, and many of them alike."""
    with transaction() as session:
        for number in range(11):
            at = clock.at + timedelta(minutes=number)
            who = WHO[number % 3]
            email = f"{who}{number}@example.org"
            accounts.invite(session, email=email, token=email, expires_at=at, at=at)
            audit.note(session, who=who, action=f"act {number % 2}", outcome="done", at=at)
            id_ = ledger.begin_export(
                session,
                campaign_id=1,
                by=who,
                reason="r",
                filters=ledger.FiltersRecord(),
                at=at,
            )
            if number % 4:
                ledger.finish_export(session, id_, rows=number % 3, sha256="0" * 64, at=at)
            ledger.note_to_remove(session, {id_: number % 2})
        for id_ in (2, 5, 6):
            at = clock.at + timedelta(hours=id_ % 5)
            accounts.open_session(session, id_, f"token {id_}", at=at)
    return app


def ledger_page(sort: Sort[LedgerColumn], after: int | None) -> PartOfList:
    with reading() as session:
        return ledger.page(session, 1, sort, after=after, most=MOST).part


def account_page(sort: Sort[AccountColumn], after: int | None) -> PartOfList:
    with reading() as session:
        return accounts.page(session, sort, after=after, most=MOST).part


def audit_page(sort: Sort[AuditColumn], after: int | None) -> PartOfList:
    with reading() as session:
        return audit_rows.page(session, Search(), sort, after=after, most=MOST).part


SEEN = """
SELECT s.id FROM staff s LEFT JOIN staff_sessions t ON t.staff_id = s.id
ORDER BY t.seen_at NULLS FIRST, s.email
"""
IN_ORDER: dict[LedgerColumn | AccountColumn | AuditColumn, tuple[List, str]] = {
    LedgerColumn.STARTED: (ledger_page, "SELECT id FROM exports ORDER BY id"),
    LedgerColumn.BY: (ledger_page, "SELECT id FROM exports ORDER BY by, id"),
    LedgerColumn.ROWS: (ledger_page, "SELECT id FROM exports ORDER BY coalesce(rows, -1), id"),
    LedgerColumn.TO_REMOVE: (ledger_page, "SELECT id FROM exports ORDER BY to_remove, id"),
    AccountColumn.EMAIL: (account_page, "SELECT id FROM staff ORDER BY email"),
    AccountColumn.SEEN: (
        account_page,
        SEEN,
    ),
    AuditColumn.NUMBER: (audit_page, "SELECT number FROM audit ORDER BY number"),
    AuditColumn.WHO: (audit_page, "SELECT number FROM audit ORDER BY who, number"),
    AuditColumn.ACTION: (audit_page, "SELECT number FROM audit ORDER BY action, number"),
}


def walk(read: Callable[[int | None], PartOfList]) -> Iterator[tuple[int | None, PartOfList]]:
    """Each page, with what it begins after."""
    after = None
    while True:
        part = read(after)
        yield after, part
        if part.further is None:
            return
        after = part.further


def test_pages_are_whole_and_in_order_there_and_back(filled: Flask) -> None:
    for column, (page, query) in IN_ORDER.items():
        expected = [row[0] for row in factories.rows(filled, query)]
        assert len(expected) >= 11
        for is_descending in (False, True):
            sort = Sort(column, is_descending)
            parts = list(walk(lambda after, page=page, sort=sort: page(sort, after)))  # type: ignore[misc]
            read = [place for _, part in parts for place in part.places]
            assert read == (expected[::-1] if is_descending else expected), sort
            assert (parts[0][1].is_first, parts[0][1].back) == (True, None)
            for (before, _), (_, part) in itertools.pairwise(parts):
                assert (part.is_first, part.back) == (False, before), sort


def test_a_page_goes_on_where_its_row_stands_now(filled: Flask, clock: Clock) -> None:
    """What a list is sorted by may change between two pages."""
    sort = Sort(LedgerColumn.ROWS, is_descending=True)
    first = ledger_page(sort, None)
    last = first.places[-1]
    with transaction() as session:
        ledger.finish_export(session, last, rows=-5, sha256="0", at=clock())
    assert ledger_page(sort, last).places == ()
    with pytest.raises(NotFound):
        ledger_page(sort, 4242)


@pytest.mark.parametrize("column", AuditColumn)
def test_an_index_gives_the_audit_log_in_order(
    filled: Flask, database_url: str, column: AuditColumn
) -> None:
    found: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        found.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        audit_page(Sort(column), 5)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    ordered = [each for each in found if "ORDER BY" in each[0]]
    assert len(ordered) == 2, "the page, and what lies before it"
    is_sqlite = database_url.startswith("sqlite")
    for statement, values in ordered:
        with db.engine.connect() as connection:
            if not is_sqlite:
                for off in ("seqscan", "bitmapscan", "sort"):
                    connection.execute(text(f"SET enable_{off} = off"))
            explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
            plan = connection.exec_driver_sql(f"{explain} {statement}", values)
            steps = "\n".join(str(row[3] if is_sqlite else row[0]) for row in plan)
        assert "Sort" not in steps, steps
        assert "TEMP B-TREE" not in steps, steps
        assert "Seq Scan" not in steps, steps

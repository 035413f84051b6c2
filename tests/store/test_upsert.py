"""Upsert: on both databases the keys decide, however many write at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from petition.store.db import Session, db, transaction
from petition.store.db.upsert import upsert, upsert_one
from petition.store.tables import ActionTotal, Job, SenderTry
from tests.factories import rows, together

DAY = date(2026, 11, 2)
AT = datetime(2026, 11, 2, tzinfo=UTC)
LATER = AT + timedelta(days=1)


def tries(*pairs: bytes) -> list[Mapping[str, object]]:
    return [{"pair": pair * 16, "day": DAY} for pair in pairs]


def count(session: Session) -> int:
    return upsert_one(
        session,
        ActionTotal,
        {"action": "sign", "since": 0, "number": 1},
        change=lambda new: {"number": ActionTotal.number + new.number},
        returning=ActionTotal.number,
    )


@pytest.mark.usefixtures("app")
def test_rows_that_are_there_stay_and_the_new_ones_are_counted() -> None:
    with transaction() as session:
        assert upsert(session, SenderTry, []) == 0
        assert upsert(session, SenderTry, tries(b"a")[0]) == 1
        assert upsert(session, SenderTry, tries(b"a")[0]) == 0
        assert upsert(session, SenderTry, tries(b"a", b"b", b"c")) == 2
        assert upsert(session, SenderTry, tries(b"a", b"b", b"c")) == 0


@pytest.mark.usefixtures("before_the_first_run")
def test_a_row_that_is_there_changes_where_it_is_to(app: Flask) -> None:
    def put(at: datetime) -> int:
        with transaction() as session:
            return upsert(
                session,
                Job,
                [{"name": "one", "next_at": at}, {"name": "two", "next_at": at}],
                change=lambda new: {"next_at": new.next_at},
                where=Job.next_at < at,
            )

    assert [put(AT), put(AT), put(LATER), put(AT)] == [2, 0, 2, 0]
    with transaction() as session:
        assert {job.next_at for job in session.query(Job)} == {LATER}


@pytest.mark.usefixtures("app")
def test_of_ten_that_insert_at_once_one_does() -> None:
    engine, inserted = db.engine, list[int]()

    def insert(_place: int) -> None:
        with transaction(engine) as session:
            inserted.append(upsert(session, SenderTry, tries(b"a")))

    assert together(10, insert) == []
    assert sorted(inserted) == [0] * 9 + [1]


def test_of_ten_that_count_at_once_none_is_lost(app: Flask) -> None:
    engine, counted = db.engine, list[int]()

    def insert(_place: int) -> None:
        for _ in range(5):
            with transaction(engine) as session:
                counted.append(count(session))

    assert together(10, insert) == []
    assert sorted(counted) == list(range(1, 51))
    assert rows(app, "SELECT number FROM action_totals") == [(50,)]


def test_who_waited_for_one_that_was_rolled_back_inserts(app: Flask) -> None:
    engine = db.engine

    def insert(place: int) -> None:
        with transaction(engine) as session:
            upsert(session, SenderTry, tries(b"a"))
            if place == 0:
                raise OSError("the disk is gone")

    assert [str(error) for error in together(2, insert)] == ["the disk is gone"]
    assert rows(app, "SELECT count(*) FROM sender_tries") == [(1,)]

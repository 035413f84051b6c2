"""Jobs: each comes round once, whoever of the workers takes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from petition.store import jobs
from petition.store.db import db, transaction
from tests.conftest import Clock
from tests.factories import rows, together

HOUR = timedelta(hours=1)


def _claim(clock: Clock) -> datetime | None:
    with transaction() as session:
        return jobs.claim(session, "sweep", at=clock(), every=HOUR)


def test_the_first_claim_is_due_at_once_and_the_next_when_its_time_has_come(
    app: Flask, clock: Clock
) -> None:
    began = clock()
    assert _claim(clock) == began
    assert _claim(clock) is None
    clock.forward(HOUR - timedelta(microseconds=1))
    assert _claim(clock) is None
    clock.forward(timedelta(microseconds=1))
    assert _claim(clock) == began, "it says when it ran before"
    assert _claim(clock) is None
    with transaction() as session:
        assert jobs.last_at(session, "sweep") == clock()
        assert jobs.next_at(session, "sweep") == clock() + HOUR


def test_one_of_several_workers_takes_it(app: Flask, clock: Clock) -> None:
    engine = db.engine
    taken: list[datetime] = []

    def action(_place: int) -> None:
        with transaction(engine) as session:
            found = jobs.claim(session, "sweep", at=clock(), every=HOUR)
        if found is not None:
            taken.append(found)

    for round_ in range(1, 6):
        assert together(8, action) == []
        assert len(taken) == round_
        clock.forward(HOUR)


def test_one_job_does_not_move_another(app: Flask, clock: Clock) -> None:
    assert _claim(clock) is not None
    with transaction() as session:
        assert jobs.claim(session, "other", at=clock(), every=HOUR) is not None
    assert len(rows(app, "SELECT name FROM jobs WHERE name IN ('sweep', 'other')")) == 2


def test_asking_brings_it_forward_and_never_back(app: Flask, clock: Clock) -> None:
    assert _claim(clock) is not None
    with transaction() as session:
        jobs.ask(session, "sweep", at=clock() + timedelta(minutes=30))
        jobs.ask(session, "sweep", at=clock() + timedelta(minutes=50))
        assert jobs.next_at(session, "sweep") == clock() + timedelta(minutes=30)
        jobs.ask(session, "sweep", at=clock())
    assert _claim(clock) is not None
    assert _claim(clock) is None


def test_what_was_never_planned_can_be_asked_for(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        assert jobs.next_at(session, "sweep") is None
        assert jobs.last_at(session, "sweep") is None
        jobs.ask(session, "sweep", at=clock())
    assert _claim(clock) is not None


def test_many_ask_at_once(app: Flask, clock: Clock) -> None:
    engine = db.engine

    def action(_place: int) -> None:
        with transaction(engine) as session:
            jobs.ask(session, "sweep", at=clock())

    assert together(8, action) == []
    assert rows(app, "SELECT count(*) FROM jobs WHERE name = 'sweep'") == [(1,)]

"""Group commit: nobody is answered before the commit, and who was not kept learns it."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from petition.errors import StoreUnavailable
from petition.services.exporting import Export, export
from petition.store.db import db, reading, transaction
from petition.store.intake import Intake
from petition.store.signatures import Filters
from tests import factories, people
from tests.conftest import Clock
from tests.factories import arrival, keep, rows, the_call, together, until

TABLES = ("signatures", "entries", "consents", "letters")


def _held(app: Flask) -> dict[str, int]:
    return {table: int(str(rows(app, f"SELECT count(*) FROM {table}")[0][0])) for table in TABLES}


class Gate:
    """Stands in every commit: counts them, holds them up, lets them through or breaks them."""

    def __init__(self) -> None:
        self.commits = 0
        self.reached = threading.Event()
        self.go = threading.Event()
        self.broken = False

    def __call__(self, _connection: Any) -> None:
        self.commits += 1
        self.reached.set()
        assert self.go.wait(30)
        if self.broken:
            raise OperationalError("COMMIT", {}, Exception("the disk is full"))


@contextmanager
def _gate(engine: Engine) -> Iterator[Gate]:
    gate = Gate()
    event.listen(engine, "commit", gate)
    try:
        yield gate
    finally:
        gate.go.set()
        event.remove(engine, "commit", gate)


class Waiter(threading.Thread):
    """A request that waits for its commit."""

    def __init__(self, intake: Intake, what: Any) -> None:
        super().__init__()
        self._intake, self._what = intake, what
        self.answered = threading.Event()
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._intake.put(self._what)
        except StoreUnavailable as error:
            self.error = error
        self.answered.set()


def _house_intake(app: Flask) -> Intake:
    intake: Intake = app.extensions["petition"].intake
    return intake


def test_nobody_is_answered_before_the_commit(app: Flask) -> None:
    call, intake = the_call(app), _house_intake(app)
    with _gate(db.engine) as gate:
        waiter = Waiter(intake, arrival(app, call, 1))
        assert gate.reached.wait(30)
        early = waiter.answered.wait(0.2)  # the commit stands still all the while
        assert not early
        assert _held(app) == dict.fromkeys(TABLES, 0)
        gate.go.set()
        assert waiter.answered.wait(30)
    waiter.join()
    assert waiter.error is None
    assert _held(app) == {"signatures": 1, "entries": 1, "consents": 3, "letters": 1}


def test_what_waits_together_is_committed_together(app: Flask) -> None:
    call, intake = the_call(app), _house_intake(app)
    with _gate(db.engine) as gate:
        waiters = [Waiter(intake, arrival(app, call, 0))]
        assert gate.reached.wait(30)
        waiters += [Waiter(intake, arrival(app, call, n)) for n in range(1, 21)]
        until(lambda: intake._waiting.qsize() == 20)
        gate.go.set()
        for waiter in waiters:
            waiter.join(30)
        assert gate.commits == 2
    assert all(waiter.error is None for waiter in waiters)
    assert _held(app)["signatures"] == 21


def test_a_failing_commit_tells_every_waiter_and_leaves_nothing(app: Flask) -> None:
    call, intake = the_call(app), _house_intake(app)
    with _gate(db.engine) as gate:
        gate.broken = True
        waiters = [Waiter(intake, arrival(app, call, 0))]
        assert gate.reached.wait(30)
        waiters += [Waiter(intake, arrival(app, call, n)) for n in range(1, 9)]
        until(lambda: intake._waiting.qsize() == 8)
        gate.go.set()
        for waiter in waiters:
            waiter.join(30)
    assert all(isinstance(waiter.error, StoreUnavailable) for waiter in waiters)
    assert _held(app) == dict.fromkeys(TABLES, 0)
    intake.put(arrival(app, call, 0))  # and the next one is served
    assert _held(app)["signatures"] == 1


def _bad(app: Flask, call: Any, kind: str) -> Any:
    good = arrival(app, call, 99)
    if kind == "country":
        return arrival(app, call, 99, country=None)
    if kind == "campaign":
        return arrival(app, call, 99, campaign_id=424242)
    if kind == "consent text":
        answers = (*good.answers[:2], factories.replace(good.answers[2], consent_text_id=424242))
        return arrival(app, call, 99, answers=answers)
    return arrival(app, call, 99, entry_id=None)


@pytest.mark.parametrize("kind", ["country", "campaign", "consent text"])
def test_a_bad_row_does_not_spoil_its_neighbours(app: Flask, kind: str) -> None:
    call, intake = the_call(app), _house_intake(app)
    bad = _bad(app, call, kind)
    with _gate(db.engine) as gate:
        first = Waiter(intake, arrival(app, call, 0))
        assert gate.reached.wait(30)
        spoiler = Waiter(intake, bad)
        good = [Waiter(intake, arrival(app, call, n)) for n in range(1, 7)]
        until(lambda: intake._waiting.qsize() == 7)
        gate.go.set()
        for waiter in (first, spoiler, *good):
            waiter.join(30)
    assert isinstance(spoiler.error, StoreUnavailable)
    assert first.error is None
    assert all(waiter.error is None for waiter in good)
    assert _held(app) == {"signatures": 7, "entries": 7, "consents": 21, "letters": 7}


def test_two_entries_with_one_number_are_not_mixed_up(app: Flask) -> None:
    call, intake = the_call(app), _house_intake(app)
    one = arrival(app, call, 1)
    intake.put(one)
    with pytest.raises(StoreUnavailable):
        intake.put(arrival(app, call, 2, entry_id=one.entry_id))
    assert _held(app) == {"signatures": 1, "entries": 1, "consents": 3, "letters": 1}


def test_who_waits_too_long_is_told_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("petition.store.intake.PATIENCE", 0.05)
    call, intake = the_call(app), _house_intake(app)
    with _gate(db.engine), pytest.raises(StoreUnavailable):
        intake.put(arrival(app, call, 1))


def test_fifty_people_in_twenty_spellings_at_once_are_fifty(app: Flask) -> None:
    call = the_call(app)

    def spelling(person: int, way: int) -> str:
        local = f"ben.{person}.okafor"
        local = local.replace(".", "") if way & 1 else local
        local = local.upper() if way & 2 else local
        local = f"{local}+w{way}" if way & 4 else local
        return f"{local}@{'GoogleMail.com' if way & 8 else 'gmail.com'}"

    def deed(way: int) -> None:
        for person in range(50):
            keep(app, call, people.someone(person, email=spelling(person, way)))

    assert together(20, deed) == []
    assert _held(app) == {"signatures": 50, "entries": 1000, "consents": 3000, "letters": 1000}
    first = rows(
        app,
        "SELECT count(*) FROM signatures s JOIN entries e ON e.id = s.entry_id"
        " WHERE e.signature_id = s.id",
    )
    assert first == [(50,)]


def test_several_processes_sign_at_once(app: Flask, clock: Clock) -> None:
    house = app.extensions["petition"]
    environ = {
        "DATABASE_URL": house.settings.database_url,
        "PETITION_INSTANCE": str(house.settings.instance),
    }
    forms = [people.someone(number) for number in range(40)]
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=factories.keep_apart, args=(environ, order))
        for order in (forms, forms[::-1], [people.ben, people.ben_again, *forms])
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(100)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert _held(app) == {"signatures": 41, "entries": 122, "consents": 366, "letters": 122}
    order = Export(
        slug="amazon", by="t", reason="t", filters=Filters(states=("pending",)), for_target=False
    )
    chunks = export(order, house.vault, reading=reading, transaction=transaction, now=clock)
    text = b"".join(chunks).decode()  # and every record opens
    assert text.count("@example.org") == 40
    assert text.count("@gmail.com") + text.count("@GoogleMail.com") == 1

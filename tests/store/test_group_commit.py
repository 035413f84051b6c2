"""Group commit: nobody is answered before the commit, and who was not kept learns it."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from petition.errors import PetitionError, StoreUnavailable, TooManyForms
from petition.services.exports.csv_file import Export, export
from petition.store.abuse.senders import Charge
from petition.store.db import db, reading, transaction
from petition.store.db.transient_failures import Outage
from petition.store.signatures import group_commit as group_commits
from petition.store.signatures.group_commit import GroupCommit
from petition.store.signatures.signatures import Filters
from petition.web.http.dependencies import dependencies_of
from tests import factories, people
from tests.conftest import Clock
from tests.factories import keep, new_entry, rows, the_call, together, until
from tests.prepared import ROOT

pytestmark = pytest.mark.slow


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

    def __init__(self, group_commit: GroupCommit, what: Any, charge: Charge | None = None) -> None:
        super().__init__()
        self._intake, self._what, self._charge = group_commit, what, charge
        self.answered = threading.Event()
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._intake.submit(self._what, self._charge)
        except (StoreUnavailable, TooManyForms) as error:
            self.error = error
        self.answered.set()


def _group_commit(app: Flask) -> GroupCommit:
    group_commit: GroupCommit = dependencies_of(app).group_commit
    return group_commit


def test_nobody_is_answered_before_the_commit(app: Flask) -> None:
    call, group_commit = the_call(app), _group_commit(app)
    with _gate(db.engine) as gate:
        waiter = Waiter(group_commit, new_entry(app, call, 1))
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
    call, group_commit = the_call(app), _group_commit(app)
    with _gate(db.engine) as gate:
        waiters = [Waiter(group_commit, new_entry(app, call, 0))]
        assert gate.reached.wait(30)
        waiters += [Waiter(group_commit, new_entry(app, call, n)) for n in range(1, 21)]
        until(lambda: group_commit._waiting.qsize() == 20)
        gate.go.set()
        for waiter in waiters:
            waiter.join(30)
        assert gate.commits == 2
    assert all(waiter.error is None for waiter in waiters)
    assert _held(app)["signatures"] == 21


def test_whose_patience_ends_learns_it_once_and_the_commit_goes_on(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commits, "PATIENCE", 0.05)
    monkeypatch.setattr(group_commits, "LOOK_SECONDS", 0.01)
    call, group_commit = the_call(app), _group_commit(app)
    told: list[tuple[PetitionError | None, float]] = []
    with _gate(db.engine) as gate:
        group_commit.submit_later(
            new_entry(app, call, 1), None, lambda error, at: told.append((error, at))
        )
        until(lambda: bool(told))
        assert isinstance(told[0][0], StoreUnavailable)
        gate.go.set()
        until(lambda: _held(app)["signatures"] == 1)
    assert len(told) == 1
    monkeypatch.undo()  # a busy machine takes more than their patience was
    group_commit.submit(new_entry(app, call, 2))  # nothing is left behind for later ones
    assert len(told) == 1


def test_who_waits_without_a_thread_is_told_after_the_commit(app: Flask) -> None:
    call, group_commit = the_call(app), _group_commit(app)
    told: list[tuple[PetitionError | None, int]] = []

    def then(error: PetitionError | None, at: float) -> None:
        with app.app_context():
            told.append((error, _held(app)["signatures"]))

    group_commit.submit_later(new_entry(app, call, 1), None, then)
    until(lambda: bool(told))
    assert told == [(None, 1)]


class Lost:
    """Cuts the line of some commits: before they reach the database, or after it has kept them."""

    def __init__(self, *, times: int, kept: bool) -> None:
        self.times, self._kept = times, kept
        self.commits = 0

    def __call__(self, connection: Any) -> None:
        self.commits += 1
        if self.times > 0:
            self.times -= 1
            if self._kept:
                connection.connection.dbapi_connection.commit()
            raise OperationalError("COMMIT", {}, psycopg.OperationalError("the line was cut"))


@contextmanager
def _losing(engine: Engine, *, times: int, kept: bool) -> Iterator[Lost]:
    lost = Lost(times=times, kept=kept)
    event.listen(engine, "commit", lost)
    try:
        yield lost
    finally:
        event.remove(engine, "commit", lost)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("kept", [False, True], ids=["rolled back", "kept"])
def test_a_lost_connection_is_tried_again_and_nothing_is_kept_or_charged_twice(
    app: Flask, clock: Clock, times: int, kept: bool
) -> None:
    call, group_commit, charge = the_call(app), _group_commit(app), _charge(clock(), 9)
    with _losing(db.engine, times=times, kept=kept) as lost:
        group_commit.submit(new_entry(app, call, 0), charge)
        assert lost.times == 0 or kept
        assert lost.commits >= 2
    assert _held(app) == {"signatures": 1, "entries": 1, "consents": 3, "letters": 1}
    assert rows(app, "SELECT hour FROM sender_counts") == [(1,)]


def test_everybody_behind_a_lost_connection_is_kept_too(app: Flask) -> None:
    call, group_commit = the_call(app), _group_commit(app)
    with _losing(db.engine, times=2, kept=False):
        waiters = [Waiter(group_commit, new_entry(app, call, n)) for n in range(30)]
        for waiter in waiters:
            waiter.join(30)
    assert [waiter.error for waiter in waiters] == [None] * 30
    assert _held(app) == {"signatures": 30, "entries": 30, "consents": 90, "letters": 30}


def test_a_backend_that_ends_in_the_middle_costs_nobody_their_signature(app: Flask) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no backends")
    call, group_commit = the_call(app), _group_commit(app)
    left = [3]

    def end(connection: Any) -> None:
        if left and left[0]:
            left[0] -= 1
            own = connection.connection.dbapi_connection.info.backend_pid
            with psycopg.connect(_plain_url(app)) as other:
                other.execute("SELECT pg_terminate_backend(%s)", (own,))

    event.listen(db.engine, "commit", end)
    try:
        waiters = [Waiter(group_commit, new_entry(app, call, n)) for n in range(20)]
        for waiter in waiters:
            waiter.join(30)
    finally:
        event.remove(db.engine, "commit", end)
    assert left == [0]
    assert [waiter.error for waiter in waiters] == [None] * 20
    assert _held(app) == {"signatures": 20, "entries": 20, "consents": 60, "letters": 20}


def _plain_url(app: Flask) -> str:
    url: str = dependencies_of(app).settings.database_url
    return url.replace("postgresql+psycopg", "postgresql", 1)


def test_a_database_that_stays_away_is_told_at_once_after_a_while(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = itertools.count(0.0, 0.05)  # a failure each, however long the machine takes
    monkeypatch.setattr(_group_commit(app), "_outage", Outage(0.2, lambda: next(ticks)))
    call, group_commit = the_call(app), _group_commit(app)
    with _losing(db.engine, times=10**6, kept=False) as lost:
        with pytest.raises(StoreUnavailable):
            group_commit.submit(new_entry(app, call, 0))
        assert lost.commits >= 2
        before = lost.commits
        for number in range(3):
            with pytest.raises(StoreUnavailable):
                group_commit.submit(new_entry(app, call, number))
        assert before + 3 <= lost.commits <= before + 6  # each at most once more, alone
    assert _held(app) == dict.fromkeys(TABLES, 0)
    group_commit.submit(new_entry(app, call, 0))
    assert _held(app)["signatures"] == 1


def test_a_failing_commit_tells_every_waiter_and_leaves_nothing(app: Flask) -> None:
    call, group_commit = the_call(app), _group_commit(app)
    with _gate(db.engine) as gate:
        gate.broken = True
        waiters = [Waiter(group_commit, new_entry(app, call, 0))]
        assert gate.reached.wait(30)
        waiters += [Waiter(group_commit, new_entry(app, call, n)) for n in range(1, 9)]
        until(lambda: group_commit._waiting.qsize() == 8)
        gate.go.set()
        for waiter in waiters:
            waiter.join(30)
    assert all(isinstance(waiter.error, StoreUnavailable) for waiter in waiters)
    assert _held(app) == dict.fromkeys(TABLES, 0)
    group_commit.submit(new_entry(app, call, 0))  # and the next one is served
    assert _held(app)["signatures"] == 1


def _charge(call_at: Any, hourly: int) -> Charge:
    return Charge(
        sender=b"s" * 16,
        day=call_at.date(),
        action="letter",
        burst=hourly,
        hourly=hourly,
        pace=60_000,
        at_once=1,
        at=call_at,
    )


def test_a_sender_is_charged_in_the_commit_of_the_form(app: Flask, clock: Clock) -> None:
    call, group_commit, charge = the_call(app), _group_commit(app), _charge(clock(), 3)
    with _gate(db.engine) as gate:
        gate.go.set()
        group_commit.submit(new_entry(app, call, 0), charge)
        assert gate.commits == 1
        gate.broken = True
        with pytest.raises(StoreUnavailable):
            group_commit.submit(new_entry(app, call, 1), charge)
    assert rows(app, "SELECT hour FROM sender_counts") == [(1,)]


def test_of_one_batch_those_over_the_limit_are_refused_and_the_others_kept(
    app: Flask, clock: Clock
) -> None:
    call, group_commit, charge = the_call(app), _group_commit(app), _charge(clock(), 3)
    with _gate(db.engine) as gate:
        waiters = [Waiter(group_commit, new_entry(app, call, 0), charge)]
        assert gate.reached.wait(30)
        waiters += [Waiter(group_commit, new_entry(app, call, n), charge) for n in range(1, 6)]
        others = [Waiter(group_commit, new_entry(app, call, n)) for n in range(6, 8)]
        until(lambda: group_commit._waiting.qsize() == 7)
        gate.go.set()
        for waiter in waiters + others:
            waiter.join(30)
    refused = [waiter.error for waiter in waiters if waiter.error is not None]
    assert len(refused) == 3
    assert all(isinstance(error, TooManyForms) for error in refused)
    assert [waiter.error for waiter in others] == [None, None]
    assert _held(app) == {"signatures": 5, "entries": 5, "consents": 15, "letters": 5}
    assert rows(app, "SELECT count(*) FROM letters GROUP BY due_at ORDER BY due_at") == [
        (3,),
        (1,),
        (1,),
    ]


def test_a_bad_row_beside_it_charges_a_sender_once(app: Flask, clock: Clock) -> None:
    call, group_commit, charge = the_call(app), _group_commit(app), _charge(clock(), 9)
    with _gate(db.engine) as gate:
        waiters = [Waiter(group_commit, new_entry(app, call, 0), charge)]
        assert gate.reached.wait(30)
        waiters += [Waiter(group_commit, _bad(app, call, "data"), charge)]
        waiters += [Waiter(group_commit, new_entry(app, call, 2), charge)]
        until(lambda: group_commit._waiting.qsize() == 2)
        gate.go.set()
        for waiter in waiters:
            waiter.join(30)
    assert [type(waiter.error) for waiter in waiters] == [
        type(None),
        StoreUnavailable,
        type(None),
    ]
    assert rows(app, "SELECT hour FROM sender_counts") == [(2,)]


def _bad(app: Flask, call: Any, kind: str) -> Any:
    good = new_entry(app, call, 99)
    if kind == "country":
        return new_entry(app, call, 99, country=None)
    if kind == "campaign":
        return new_entry(app, call, 99, campaign_id=424242)
    if kind == "consent text":
        answers = (*good.answers[:2], factories.replace(good.answers[2], consent_text_id=424242))
        return new_entry(app, call, 99, answers=answers)
    return new_entry(app, call, 99, entry_id=None)


@pytest.mark.parametrize("kind", ["country", "campaign", "consent text"])
def test_a_bad_row_does_not_spoil_its_neighbours(app: Flask, kind: str) -> None:
    call, group_commit = the_call(app), _group_commit(app)
    bad = _bad(app, call, kind)
    with _gate(db.engine) as gate:
        first = Waiter(group_commit, new_entry(app, call, 0))
        assert gate.reached.wait(30)
        spoiler = Waiter(group_commit, bad)
        good = [Waiter(group_commit, new_entry(app, call, n)) for n in range(1, 7)]
        until(lambda: group_commit._waiting.qsize() == 7)
        gate.go.set()
        for waiter in (first, spoiler, *good):
            waiter.join(30)
    assert isinstance(spoiler.error, StoreUnavailable)
    assert first.error is None
    assert all(waiter.error is None for waiter in good)
    assert _held(app) == {"signatures": 7, "entries": 7, "consents": 21, "letters": 7}


def test_two_entries_with_one_number_are_not_mixed_up(app: Flask) -> None:
    call, group_commit = the_call(app), _group_commit(app)
    one = new_entry(app, call, 1)
    group_commit.submit(one)
    with pytest.raises(StoreUnavailable):
        group_commit.submit(new_entry(app, call, 2, entry_id=one.entry_id))
    assert _held(app) == {"signatures": 1, "entries": 1, "consents": 3, "letters": 1}


def test_who_waits_too_long_is_told_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("petition.store.signatures.group_commit.PATIENCE", 0.05)
    call, group_commit = the_call(app), _group_commit(app)
    with _gate(db.engine), pytest.raises(StoreUnavailable):
        group_commit.submit(new_entry(app, call, 1))


def test_twenty_people_in_twenty_spellings_at_once_are_twenty(app: Flask) -> None:
    call = the_call(app)

    def spelling(person: int, way: int) -> str:
        local = f"ben.{person}.okafor"
        local = local.replace(".", "") if way & 1 else local
        local = local.upper() if way & 2 else local
        local = f"{local}+w{way}" if way & 4 else local
        return f"{local}@{'GoogleMail.com' if way & 8 else 'gmail.com'}"

    def action(way: int) -> None:
        for person in range(20):
            keep(app, call, people.someone(person, email=spelling(person, way)))

    assert together(20, action) == []
    assert _held(app) == {"signatures": 20, "entries": 400, "consents": 1200, "letters": 400}
    first = rows(
        app,
        "SELECT count(*) FROM signatures s JOIN entries e ON e.id = s.entry_id"
        " WHERE e.signature_id = s.id",
    )
    assert first == [(20,)]


SIGN_APART = """
import json, os, sys
from tests.factories import keep_apart
environ, orders = json.load(sys.stdin)
for forms in orders:
    if os.fork() == 0:
        keep_apart(environ, forms)
        sys.exit()
sys.exit(any([os.wait()[1] for _ in orders]))
"""


def test_several_processes_sign_at_once(app: Flask, clock: Clock) -> None:
    deps = dependencies_of(app)
    environ = {
        "DATABASE_URL": deps.settings.database_url,
        "PETITION_INSTANCE": str(deps.settings.instance),
    }
    forms = [people.someone(number) for number in range(20)]
    orders = [forms, forms[::-1], [people.ben, people.ben_again, *forms]]
    command = [sys.executable, "-c", SIGN_APART]
    subprocess.run(command, input=json.dumps([environ, orders]), cwd=ROOT, text=True, check=True)
    assert _held(app) == {"signatures": 21, "entries": 62, "consents": 186, "letters": 62}
    order = Export(
        slug="amazon", by="t", reason="t", filters=Filters(states=("pending",)), for_target=False
    )
    chunks = export(order, deps.vault, reading=reading, transaction=transaction, now=clock)
    text = b"".join(chunks).decode()  # and every record opens
    assert text.count("@example.org") == 20
    assert text.count("@gmail.com") + text.count("@GoogleMail.com") == 1


@contextmanager
def _between(engine: Engine, statement: str, action: Callable[[], object]) -> Iterator[None]:
    """Another transaction does something once, just before a statement that begins so."""
    left = [action]

    def before(*seen: Any) -> None:
        if statement in seen[2] and left:
            left.pop()()

    event.listen(engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before)
        assert not left


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM signatures",
        "UPDATE signatures SET address_key = '\\x01', mailbox_key = NULL",
    ],
)
def test_a_form_is_kept_though_its_signature_is_erased_or_keyed_anew_beside_it(
    app: Flask, change: str
) -> None:
    """SQLite has one writer: there nobody can come between."""
    call = the_call(app)
    keep(app, call, people.SIGNERS[0])
    with _between(db.engine, "INSERT INTO entries", lambda: factories.change(app, change)):
        keep(app, call, people.SIGNERS[0])
    kept = rows(app, "SELECT count(*) FROM entries e JOIN signatures s ON s.id = e.signature_id")
    assert kept == [(1 if change.startswith("DELETE") else 2,)]


def test_a_form_that_can_never_be_kept_is_told_so(app: Flask) -> None:
    call, group_commit = the_call(app), _group_commit(app)
    with pytest.raises(StoreUnavailable):
        group_commit.submit(replace(new_entry(app, call, 1), campaign_id=999))
    group_commit.submit(new_entry(app, call, 2))
    assert _held(app)["signatures"] == 1

"""Many at once: confirmed, withdrawn, erased and sent in at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from petition.cli.worker import make_worker
from petition.errors import NotFound
from petition.services.letters import link_requests, screening
from petition.services.privacy import erasure
from petition.services.signatures import holds
from petition.services.signatures.holds import MoveRefused
from petition.store.db import db, transaction
from petition.store.letters import entry_letters, outbox
from petition.store.privacy import unconfirmed_forms
from petition.store.signatures import bulk_insert, signatures
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import (
    confirm,
    entries,
    keep,
    rows,
    the_call,
    together,
    until,
    waits_for_lock,
    work,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("before_the_first_run")]

postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def ben(app: Flask) -> int:
    """Ben has signed and confirmed; his signature."""
    keep(app, the_call(app), people.ben)
    confirm(app, entries(app)[0])
    return 1


def totals_are_true(app: Flask) -> bool:
    work(app)
    return rights.counted(app) == rights.standing(app)


def test_ten_withdraw_at_once_and_count_one_less(app: Flask, ben: int) -> None:
    work(app)
    done: list[bool] = []
    assert together(10, lambda _place: done.append(rights.withdraw(app, 1))) == []
    assert sorted(done) == [False] * 9 + [True]
    assert rows(app, "SELECT change FROM count_changes") == [(-1,)]
    assert rows(app, "SELECT count(*) FROM consents WHERE answer = 'withdrawn'") == [(1,)]
    assert totals_are_true(app)


def test_confirmed_and_withdrawn_at_once(app: Flask) -> None:
    call = the_call(app)
    for number in range(6):
        keep(app, call, people.someone(number))
    links = entries(app)

    def action(place: int) -> None:
        if place % 2:
            rights.withdraw(app, place // 2 + 1)
        else:
            confirm(app, links[place // 2])

    assert together(12, action) == []
    assert {rights.state(app, id_) for id_ in rights.ids(app)} == {"withdrawn"}
    assert totals_are_true(app)
    assert rights.counted(app)["total", ""] == 0


@pytest.mark.parametrize(
    "action", ["confirm", "choose", "correct", "withdraw", "unsubscribe", "hold"]
)
def test_erased_while_something_else_is_done(app: Flask, action: str) -> None:
    call = the_call(app)
    for number in range(6):
        keep(app, call, people.someone(number, updates="yes"))
    links = entries(app)
    if action != "confirm":
        for entry_id in links:
            confirm(app, entry_id)
    actions: dict[str, Callable[[int], object]] = {
        "confirm": lambda id_: confirm(app, links[id_ - 1]),
        "choose": lambda id_: rights.choose(app, id_, updates="no", visibility="public"),
        "correct": lambda id_: rights.correct(app, "Changed", signature_id=id_),
        "withdraw": lambda id_: rights.withdraw(app, id_),
        "unsubscribe": lambda id_: rights.unsubscribe(app, id_),
        "hold": lambda id_: rights.move(app, holds.hold, id_),
    }

    def both(place: int) -> None:
        id_ = place // 2 + 1
        if place % 2:
            assert rights.erase(app, id_) is not None
        else:
            actions[action](id_)

    wrong = together(12, both)
    assert all(isinstance(error, NotFound | MoveRefused) for error in wrong), wrong
    for table in ("signatures", "entries", "consents", "letters"):
        assert rows(app, f"SELECT * FROM {table}") == [], table
    assert totals_are_true(app)


def test_one_is_erased_by_many_at_once(app: Flask, ben: int) -> None:
    rights.take_out(app)
    gone: list[Any] = []
    assert together(8, lambda _place: gone.append(rights.erase(app, 1))) == []
    assert len([one for one in gone if one is not None]) == 1
    assert totals_are_true(app)
    assert rights.recalled(app) == [("1", "erased")]


def test_stopped_by_many_at_once_while_forms_come_in(app: Flask, ben: int) -> None:
    key, call = rights.key_of(app), the_call(app)

    def action(place: int) -> None:
        if place % 2:
            rights.stop(app, key)
        else:
            keep(app, call, people.ben)

    assert together(8, action) == []
    assert totals_are_true(app)
    assert rights.counted(app)["total", ""] == 0
    vault = dependencies_of(app).vault
    for sealed, id_, number in rows(app, "SELECT sealed, id, key_number FROM entries"):
        assert vault.open(bytes(sealed), id_, number).email == ""  # type: ignore[call-overload, arg-type]
    assert len(rows(app, "SELECT * FROM mailbox_blocks")) == 1


@postgresql
def test_who_erases_waits_for_a_worker_that_admits_the_letter(app: Flask, clock: Clock) -> None:
    """Both touch the letter and the mailbox; in another order each they would lock up."""
    keep(app, the_call(app), people.ben)
    work(app)
    with transaction() as session:
        link_requests.request_link(
            session,
            the_call(app).id,
            rights.key_of(app),
            link_requests.DATA,
            sender=None,
            at=clock(),
        )
        link_requests.answer(session, at=clock())
        (owed,) = outbox.claim(session, worker="w", at=clock(), lease=timedelta(minutes=1), most=5)
    engine, gone = db.engine, []
    eraser = threading.Thread(target=lambda: gone.append(rights.erase(app, 1)))
    with transaction(engine) as session:
        letter = entry_letters.read(session, owed.id)
        assert letter is not None
        eraser.start()
        until(lambda: waits_for_lock(app))
        assert screening.may_send(session, letter, people.ben["email"], at=clock()) == "data"
    eraser.join(30)
    assert gone[0] is not None
    assert rows(app, "SELECT * FROM mailboxes") == []


def test_erased_while_its_letter_goes_out_leaves_no_file(app: Flask, clock: Clock) -> None:
    """The worker writes the file just before or just after somebody looked for it."""
    deps, call = dependencies_of(app), the_call(app)
    for number in range(8):
        keep(app, call, people.someone(number))

    def action(place: int) -> None:
        with app.app_context():
            if place < 2:
                make_worker(app, threading.Event()).once()
            else:
                for id_ in range(place - 1, 9, 2):
                    with transaction() as session:
                        gone = erasure.erase(session, deps.erasure_context, id_, at=deps.now())
                        assert gone is not None

    assert together(4, action) == []
    assert rights.ids(app) == []
    assert [*deps.settings.outbox_dir.glob("*")] == []


def test_erased_while_the_file_is_being_written(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is there; the row goes; only then does the worker come to mark it as sent."""
    deps = dependencies_of(app)
    keep(app, the_call(app), people.ben)
    really = outbox.finish

    def finish(session: Any, *args: Any, **words: Any) -> bool:
        assert len(list(deps.settings.outbox_dir.glob("*.eml"))) == 1
        erasure.erase(session, deps.erasure_context, 1, at=clock())
        return really(session, *args, **words)

    monkeypatch.setattr(outbox, "finish", finish)
    work(app)
    assert list(deps.settings.outbox_dir.iterdir()) == []


@postgresql
def test_a_form_sent_in_while_the_old_one_is_deleted_is_kept(app: Flask, clock: Clock) -> None:
    """Acknowledged is kept: the signature that it belongs to goes with its last old form."""
    deps, call = dependencies_of(app), the_call(app)
    keep(app, call, people.ben)
    clock.forward(timedelta(days=7, seconds=1))
    engine, answered = db.engine, threading.Event()

    def send() -> None:
        with app.app_context():
            keep(app, call, people.ben_again)
        answered.set()

    sender = threading.Thread(target=send)
    with transaction(engine) as session:
        found = unconfirmed_forms.find(session, before=clock() - timedelta(days=7), after=None)
        number, _ = unconfirmed_forms.delete_those(session, found, at=clock())
        assert number == 1
        sender.start()
        until(lambda: answered.is_set() or waits_for_lock(app))
    sender.join(30)
    assert answered.is_set()
    assert len(rows(app, "SELECT * FROM entries")) == 1
    assert len(rights.ids(app)) == 1
    assert deps.group_commit is not None


@postgresql
def test_an_uncommitted_form_keeps_its_signature(app: Flask, clock: Clock) -> None:
    """The form is written, not committed, when its signature's old form is deleted."""
    call = the_call(app)
    keep(app, call, people.ben)
    clock.forward(timedelta(days=7, seconds=1))
    key, engine, done = rights.key_of(app), db.engine, []

    def forget() -> None:
        with app.app_context(), transaction(engine) as session:
            found = unconfirmed_forms.find(session, before=clock() - timedelta(days=7), after=None)
            done.append(unconfirmed_forms.delete_those(session, found, at=clock()))

    forgetter = threading.Thread(target=forget)
    new_entry = factories.new_entry(app, call, 1, address_key=key)
    with transaction(engine) as session:
        bulk_insert.add(session, [new_entry])
        forgetter.start()
        until(lambda: waits_for_lock(app))
    forgetter.join(30)
    assert done[0][0] == 1
    assert rows(app, "SELECT id FROM entries") == [(new_entry.entry_id,)]
    assert rows(app, "SELECT entry_id FROM signatures") == [(new_entry.entry_id,)]


@postgresql
def test_a_click_at_the_last_moment_keeps_the_form(app: Flask, clock: Clock) -> None:
    """Confirmed, not committed, when retention comes by: it stays, and counts once."""
    keep(app, the_call(app), people.ben)
    entry_id = entries(app)[0]
    clock.forward(timedelta(days=7, seconds=1))
    engine, done = db.engine, []

    def forget() -> None:
        with app.app_context(), transaction(engine) as session:
            done.append(unconfirmed_forms.delete_those(session, [entry_id], at=clock()))

    forgetter = threading.Thread(target=forget)
    with transaction(engine) as session:
        assert signatures.confirm(session, entry_id, at=clock()) is not None
        forgetter.start()
        until(lambda: waits_for_lock(app))
    forgetter.join(30)
    assert done == [(0, ())]
    assert rights.state(app) == "confirmed"
    assert totals_are_true(app)

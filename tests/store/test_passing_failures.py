"""Work that another transaction made the server undo is done again, and nothing else is."""

from __future__ import annotations

import threading

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from petition.store.db import db, transaction
from petition.store.db.transient_failures import OVERTAKEN_TRIES, committed, is_overtaken
from petition.store.letters import mailbox_limits
from tests.factories import change, rows, together

TWO = (b"a" * 16, b"b" * 16)


def _mailbox(app: Flask, key: bytes) -> None:
    change(
        app, "INSERT INTO mailboxes (address_key, letters, confirmed) VALUES (:k, 1, false)", k=key
    )


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_that_wait_for_each_other_both_are_done(app: Flask) -> None:
    for key in TWO:
        _mailbox(app, key)
    both_hold_one = threading.Barrier(2)
    tries = [0, 0]

    def charge(place: int) -> None:
        def work(session: Session) -> None:
            for key in TWO if place else reversed(TWO):
                session.execute(
                    text("UPDATE mailboxes SET letters = letters + 1 WHERE address_key = :k"),
                    {"k": key},
                )
                if key == TWO[1 - place] and not tries[place]:
                    tries[place] = 1
                    both_hold_one.wait(30)

        with app.app_context():
            committed(transaction, work)

    # The first statement of each is before the barrier: then each wants what the other holds.
    assert together(2, charge) == []
    assert rows(app, "SELECT letters FROM mailboxes") == [(3,), (3,)]


class Undone:
    """Work that the server undoes so many times, with this code."""

    def __init__(self, times: int, error: type[psycopg.Error]) -> None:
        self.left, self.tries, self._error = times, 0, error

    def __call__(self, session: Session) -> int:
        self.tries += 1
        if self.left:
            self.left -= 1
            raise OperationalError("x", {}, self._error("undone"))
        return self.tries


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.DeadlockDetected,
        psycopg.errors.SerializationFailure,
        psycopg.errors.LockNotAvailable,
    ],
)
def test_it_is_done_again(app: Flask, error: type[psycopg.Error]) -> None:
    assert committed(transaction, Undone(2, error)) == 3


def test_not_for_ever(app: Flask) -> None:
    work = Undone(99, psycopg.errors.DeadlockDetected)
    with pytest.raises(OperationalError):
        committed(transaction, work)
    assert work.tries == OVERTAKEN_TRIES + 1


@pytest.mark.parametrize("error", [psycopg.errors.AdminShutdown, psycopg.errors.DiskFull])
def test_what_may_have_been_kept_is_not_done_again(app: Flask, error: type[psycopg.Error]) -> None:
    work = Undone(1, error)
    with pytest.raises(OperationalError) as raised:
        committed(transaction, work)
    assert work.tries == 1
    assert not is_overtaken(raised.value)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_mailbox_moves_though_the_other_is_erased_beside_it(app: Flask) -> None:
    for key in TWO:
        _mailbox(app, key)
    left = [True]

    def erase(*seen: object) -> None:
        if "FOR UPDATE" in str(seen[2]) and left:
            left.pop()
            change(app, "DELETE FROM mailboxes WHERE address_key = :k", k=TWO[1])

    event.listen(db.engine, "before_cursor_execute", erase)
    try:
        with transaction() as session:
            mailbox_limits.move_mailboxes(session, {TWO[0]: TWO[1]})
    finally:
        event.remove(db.engine, "before_cursor_execute", erase)
    assert not left
    assert rows(app, "SELECT letters FROM mailboxes") == [(1,)]

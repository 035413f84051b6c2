"""After an erasure: whoever erases, files go before the commit, and the space is cleared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from petition.errors import NotFound
from petition.services.privacy import blocks, erasure, retention
from petition.store import jobs
from petition.store.campaigns import campaigns
from petition.store.db import Session, reading, transaction
from petition.store.letters import outbox_files
from petition.store.privacy.erasure_journal import ERASED, JournalEntry
from petition.store.tables import Letter
from petition.web.http.dependencies import dependencies_of
from tests import people, rights
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, work

pytestmark = pytest.mark.usefixtures("before_the_first_run")

DAY = timedelta(days=1)


def stems(app: Flask) -> set[str]:
    """Whose letters lie in the mailbox folder."""
    folder = dependencies_of(app).settings.outbox_dir
    return {file.stem.rpartition("-")[2] for file in folder.glob("*.eml")}


@contextmanager
def checked(app: Flask) -> Iterator[Session]:
    """A transaction at whose end, still uncommitted, no file is left of a letter without a row."""
    secret = dependencies_of(app).settings.secret_key
    with transaction() as session:
        yield session
        session.flush()
        ids = session.scalars(select(Letter.id)).all()
        assert stems(app) <= {outbox_files.stem(secret, id_) for id_ in ids}


def by_oneself(app: Flask, clock: Clock) -> None:
    with checked(app) as session:
        erasure.erase(session, dependencies_of(app).erasure_context, 1, at=clock())


def was_not_me(app: Flask, clock: Clock) -> None:
    deps, link = dependencies_of(app), rights.stop_link(app, rights.key_of(app))
    with checked(app) as session:
        blocks.stop(session, deps.erasure_context, deps.vault, link, at=clock())


def was_never_me(app: Flask, clock: Clock) -> None:
    deps, link = dependencies_of(app), rights.stop_link(app, rights.key_of(app))
    with checked(app) as session:
        blocks.stop_everywhere(session, deps.erasure_context, deps.vault, link, at=clock())


def run(app: Flask, clock: Clock) -> None:
    context = dependencies_of(app).erasure_context
    for _ in retention.run(reading, lambda: checked(app), context, at=clock()):
        pass


def not_confirmed_in_time(app: Flask, clock: Clock) -> None:
    clock.forward(8 * DAY)
    run(app, clock)


def campaign_is_over(app: Flask, clock: Clock) -> None:
    confirm(app, entries(app)[0])
    with transaction() as session:
        campaigns.set_state(session, "amazon", "closed", at=clock())
    clock.forward(400 * DAY)
    run(app, clock)


def back_from_an_old_copy(app: Flask, clock: Clock) -> None:
    key = rights.key_of(app)
    line = JournalEntry(verb=ERASED, slug="amazon", address_key=key, at=clock() + DAY)
    dependencies_of(app).journal.add(line)
    run(app, clock)


@pytest.mark.parametrize(
    "erase",
    [
        by_oneself,
        was_not_me,
        was_never_me,
        not_confirmed_in_time,
        campaign_is_over,
        back_from_an_old_copy,
    ],
)
def test_files_go_before_the_commit_and_the_space_is_cleared(
    app: Flask, clock: Clock, erase: Callable[[Flask, Clock], None]
) -> None:
    keep(app, the_call(app), people.ben)
    work(app)
    assert len(stems(app)) == 1
    erase(app, clock)
    assert rights.ids(app) == []
    assert stems(app) == set()
    assert is_asked_for(clock)


def test_what_came_in_while_it_was_blocked_is_cleared_too(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    key = rights.key_of(app)
    rights.stop(app, key)
    keep(app, the_call(app), people.ben)
    change(app, "DELETE FROM jobs")
    assert len(rights.lift(app, key)) == 1
    assert is_asked_for(clock)


def test_what_staff_erase_is_in_the_audit_log_and_names_nobody(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    context = dependencies_of(app).erasure_context
    with pytest.raises(NotFound), transaction() as session:
        erasure.erase_by_staff(session, context, 2, by="sam", at=clock())
    with checked(app) as session:
        erasure.erase_by_staff(session, context, 1, by="sam", at=clock())
    assert rows(app, "SELECT who, action, outcome, detail FROM audit") == [
        ("sam", "signature erased", "done", "1")
    ]
    assert is_asked_for(clock)


def is_asked_for(clock: Clock) -> bool:
    with reading() as session:
        due = jobs.next_at(session, erasure.FORGET)
    return due is not None and due <= clock()

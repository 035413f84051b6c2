"""An old copy of the database is put back: who was erased or blocked since is so again."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.cli.worker import make_worker
from petition.services.privacy import journal_replay, retention
from petition.services.privacy.erasure import ErasureContext
from petition.services.signatures import signing
from petition.store.db import db, reading, transaction
from petition.store.privacy.erasure_journal import (
    BLOCKED,
    ERASED,
    UNBLOCKED,
    Journal,
    JournalBroken,
    JournalEntry,
)
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights
from tests.conftest import Clock, PostgreSQL
from tests.factories import change, entries, keep, rows, the_call, work
from tests.in_one_go import confirm_all, keep_all

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("before_the_first_run")]

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

PutBack = Callable[[], None]
Backup = Callable[[], PutBack]


@pytest.fixture
def backup(request: pytest.FixtureRequest, app: Flask) -> Iterator[Backup]:
    """backup(): copies the whole database; what it returns puts the copy back, as a host would."""
    name = str(db.engine.url.database)
    if db.engine.dialect.name == "sqlite":
        yield lambda: _copy_file(Path(name))
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    copy = f"{name}_copy"

    def take() -> PutBack:
        db.engine.dispose()  # nobody may be connected to what is copied
        server.run(f"CREATE DATABASE {copy} TEMPLATE {name} STRATEGY file_copy")
        return put_back

    def put_back() -> None:
        db.engine.dispose()
        server.run(f"DROP DATABASE {name} WITH (FORCE)")
        server.run(f"CREATE DATABASE {name} TEMPLATE {copy} STRATEGY file_copy")

    yield take
    db.engine.dispose()
    server.run(f"DROP DATABASE IF EXISTS {copy}")


def _copy_file(path: Path) -> PutBack:
    copy = path.with_name("copy.db")
    with (
        contextlib.closing(sqlite3.connect(path)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)

    def put_back() -> None:
        db.engine.dispose()
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        shutil.copyfile(copy, path)

    return put_back


def journal(app: Flask) -> Journal:
    found: Journal = dependencies_of(app).journal
    return found


def key_of(app: Flask, form: people.Form) -> bytes:
    deps = dependencies_of(app)
    local, _, domain = form["email"].partition("@")
    return signing.address_key(deps.vault, deps.campaign_cache.providers(), local, domain)


def test_who_was_erased_is_erased_again_and_the_count_is_right(
    app: Flask, client: FlaskClient, backup: Backup, clock: Clock
) -> None:
    rights.signed(app, client, people.cora)
    link = rights.signed(app, client, people.ben)
    rights.take_out(app)
    put_back = backup()
    clock.forward(HOUR)
    client.post(f"{link}/erase", data={"sure": "yes"})
    work(app)
    assert rights.counted(app)["total", ""] == 1
    put_back()
    assert len(rights.ids(app)) == 2
    work(app)
    assert rights.ids(app) == [1]
    assert rights.counted(app) == rights.standing(app)
    assert rights.counted(app)["total", ""] == 1
    assert rights.recalled(app) == [("2", "erased")]
    assert rows(app, "SELECT count(*) FROM mailboxes") == [(1,)]
    assert len(list(journal(app).lines())) == 1, "nothing new was asked for"
    before = rights.dump(app)
    work(app)
    assert rights.dump(app) == before


def test_a_copy_of_some_minutes_ago_forgets_at_once_too(
    app: Flask, client: FlaskClient, backup: Backup, clock: Clock
) -> None:
    """By the copy's own clock the hourly run is not due yet."""
    link = rights.signed(app, client, people.ben)
    rights.ask(client, people.ben["email"])
    factories.sign(client, people.ben)
    put_back = backup()
    clock.forward(5 * MINUTE)
    client.post(f"{link}/erase", data={"sure": "yes"})
    put_back()
    clock.forward(5 * MINUTE)
    work(app)
    assert rights.ids(app) == []
    assert factories.letters(app) == [], "nobody is written to out of the old copy"
    assert rights.counted(app)["total", ""] == 0


def test_who_was_blocked_is_blocked_again(
    app: Flask, client: FlaskClient, backup: Backup, clock: Clock
) -> None:
    rights.signed(app, client, people.ben)
    put_back = backup()
    clock.forward(MINUTE)
    assert client.post(rights.newest(app, "stop")).status_code == 303
    put_back()
    work(app)
    assert rights.ids(app) == []
    found = rows(app, "SELECT mailbox_key, CAST(blocked_at AS text) FROM mailbox_blocks")
    assert [bytes(key) for key, _at in found] == [key_of(app, people.ben)]  # type: ignore[call-overload]
    assert str(found[0][1]).startswith("2026-11-02 09:31:00")
    factories.sign(client, people.ben)
    work(app)
    assert factories.letters(app) == []


def test_who_was_blocked_and_let_in_again_is_not_blocked(
    app: Flask, client: FlaskClient, backup: Backup, clock: Clock
) -> None:
    rights.signed(app, client, people.ben)
    link = rights.newest(app, "stop")
    put_back_confirmed = backup()
    clock.forward(MINUTE)
    client.post(link)
    clock.forward(MINUTE)
    client.post(f"{link}/lift")
    assert [line.verb for line in journal(app).lines()] == [BLOCKED, ERASED, UNBLOCKED]
    put_back_confirmed()
    work(app)
    assert rights.ids(app) == []
    assert rows(app, "SELECT * FROM mailbox_blocks") == []
    factories.sign(client, people.ben)
    work(app)
    assert len(factories.letters(app)) == 1


def test_a_copy_from_while_it_was_blocked_is_let_in_again(
    app: Flask, client: FlaskClient, backup: Backup, clock: Clock
) -> None:
    rights.signed(app, client, people.ben)
    link = rights.newest(app, "stop")
    client.post(link)
    put_back = backup()
    clock.forward(MINUTE)
    client.post(f"{link}/lift")
    put_back()
    assert len(rows(app, "SELECT * FROM mailbox_blocks")) == 1
    work(app)
    assert rows(app, "SELECT * FROM mailbox_blocks") == []


def test_a_block_that_was_put_since_the_journal_was_read_stays(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """The worker read that it was lifted; before it acts the owner blocks the address anew."""
    key, slug = key_of(app, people.ben), "amazon"
    for verb in (BLOCKED, UNBLOCKED):
        journal(app).add(JournalEntry(verb=verb, slug=slug, address_key=key, at=clock()))
    lines = list(journal(app).lines())
    clock.forward(MINUTE)
    rights.stop(app, key)

    class Read(Journal):
        def lines(self) -> Iterator[JournalEntry]:
            return iter(lines)

    deps = dependencies_of(app)
    old = ErasureContext(settings=deps.settings, journal=Read(deps.settings.journal_path))
    steps = retention.erase_again(transaction, old, at=clock())
    assert list(steps) == []
    assert len(rows(app, "SELECT * FROM mailbox_blocks")) == 1


def test_who_signed_anew_after_the_erasure_is_somebody_else(
    app: Flask, client: FlaskClient, backup: Backup, clock: Clock
) -> None:
    link = rights.signed(app, client, people.ben)
    client.post(f"{link}/erase", data={"sure": "yes"})
    clock.forward(timedelta(microseconds=1))
    rights.signed(app, client, people.ben_again)
    put_back = backup()
    clock.forward(HOUR)
    put_back()
    before = rows(app, "SELECT * FROM signatures")
    assert len(before) == 1
    work(app)
    clock.forward(HOUR)
    work(app)
    assert rows(app, "SELECT * FROM signatures") == before
    assert rights.counted(app)["total", ""] == 1


def test_erased_twice_forgets_the_second_too(
    app: Flask, client: FlaskClient, backup: Backup, clock: Clock
) -> None:
    link = rights.signed(app, client, people.ben)
    client.post(f"{link}/erase", data={"sure": "yes"})
    clock.forward(MINUTE)
    link = rights.signed(app, client, people.ben_again)
    put_back = backup()
    clock.forward(MINUTE)
    client.post(f"{link}/erase", data={"sure": "yes"})
    put_back()
    work(app)
    assert rights.ids(app) == []


def test_rows_put_back_by_hand_go_again_though_their_number_is_known(
    app: Flask, client: FlaskClient
) -> None:
    """The recall list has the number already."""
    link = rights.signed(app, client, people.ben)
    rights.take_out(app)
    tables = ("signatures", "entries", "consents")
    kept = {table: rows(app, f"SELECT * FROM {table}") for table in tables}
    client.post(f"{link}/erase", data={"sure": "yes"})
    for table in tables:
        for row in kept[table]:
            names = [f"v{place}" for place in range(len(row))]
            change(
                app,
                f"INSERT INTO {table} VALUES ({', '.join(f':{name}' for name in names)})",
                **dict(zip(names, row, strict=True)),
            )
    assert rights.ids(app) == [1]
    work(app)
    assert rights.ids(app) == []
    assert rights.recalled(app) == [("1", "erased")]


def test_more_than_one_batch_in_two_calls(
    app: Flask,
    backup: Backup,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_replay, "BATCH", 2)
    rights.another_call(app, tmp_path)
    for slug in ("amazon", "other"):
        keep_all(app, the_call(app, slug=slug), map(people.someone, range(7)))
    confirm_all(app, entries(app))
    put_back = backup()
    for signature_id in rights.ids(app)[:12]:
        rights.erase(app, signature_id)
    put_back()
    assert len(rights.ids(app)) == 14
    work(app)
    assert len(rights.ids(app)) == 2
    for slug in ("amazon", "other"):
        assert rights.counted(app, slug) == rights.standing(app, slug)


# --- a journal that is not whole ------------------------------------------------------------------


@pytest.fixture
def old_copy(app: Flask, client: FlaskClient, backup: Backup, clock: Clock) -> Path:
    """Ben and Cora are erased, and back by an old copy; the journal that knows it."""
    links = [rights.signed(app, client, form) for form in (people.ben, people.cora)]
    put_back = backup()
    clock.forward(MINUTE)
    for link in links:
        client.post(f"{link}/erase", data={"sure": "yes"})
    put_back()
    path: Path = dependencies_of(app).settings.journal_path
    return path


def test_a_last_line_cut_short_hinders_nothing(app: Flask, old_copy: Path) -> None:
    with old_copy.open("ab") as file:
        file.write(b"2026-11-02T09:31:00+00:00 era")
    work(app)
    assert rights.ids(app) == []


def test_a_broken_line_is_said_and_nothing_is_half_done(
    app: Flask, client: FlaskClient, old_copy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = old_copy.read_bytes()
    first, second = whole.splitlines(keepends=True)
    old_copy.write_bytes(first + second.replace(b"erased", b"er4sed"))
    before, deps = rights.dump(app), dependencies_of(app)
    with reading() as session, pytest.raises(JournalBroken, match="line 2"):
        retention.due(session, deps.erasure_context, at=deps.now())
    with pytest.raises(JournalBroken, match="line 2"):
        list(retention.run(reading, transaction, deps.erasure_context, at=deps.now()))
    assert rights.dump(app) == before
    with caplog.at_level(logging.ERROR):
        factories.sign(client, people.amina)
        assert work(app) == 1, "people are written to all the same"
    assert "line 2 cannot be read" in caplog.text
    assert len(rights.ids(app)) == 3
    old_copy.write_bytes(whole)
    work(app)
    assert rights.ids(app) == [3]


def test_the_rest_is_forgotten_though_the_journal_is_broken(
    app: Flask, old_copy: Path, clock: Clock
) -> None:
    keep(app, the_call(app), people.amina)
    with old_copy.open("ab") as file:
        file.write(b"nonsense\n")
    clock.forward(timedelta(days=7, seconds=1))
    work(app)
    assert rights.ids(app) == [1, 2], "who was not confirmed is gone"
    found = rows(app, "SELECT name FROM snapshots WHERE name = 'clock'")
    assert found == [("clock",)]


def test_lines_of_a_call_that_is_not_here_and_of_nobody_are_passed_over(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    rights.signed(app, client, people.ben)
    for slug, key in (("elsewhere", key_of(app, people.ben)), ("amazon", bytes(16))):
        for verb in (ERASED, BLOCKED, UNBLOCKED):
            journal(app).add(JournalEntry(verb=verb, slug=slug, address_key=key, at=clock()))
    work(app)
    assert rights.ids(app) == [1]
    assert rows(app, "SELECT * FROM mailbox_blocks") == []


def test_an_action_that_the_journal_has_and_the_database_lost_is_done(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """The power was cut after the line and before the commit."""
    rights.signed(app, client, people.ben)
    journal(app).add(
        JournalEntry(verb=ERASED, slug="amazon", address_key=key_of(app, people.ben), at=clock())
    )
    running = make_worker(app, threading.Event())
    running.once()
    assert rights.ids(app) == []


def test_a_running_worker_looks_again_every_hour(
    app: Flask, client: FlaskClient, backup: Backup, clock: Clock
) -> None:
    link = rights.signed(app, client, people.ben)
    put_back = backup()
    clock.forward(MINUTE)
    running = make_worker(app, threading.Event())
    running.once()
    client.post(f"{link}/erase", data={"sure": "yes"})
    put_back()
    clock.forward(HOUR)
    running.once()
    assert rights.ids(app) == []

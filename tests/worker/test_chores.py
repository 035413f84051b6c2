"""A worker's round: cheap where nothing is due, and what becomes due is done in the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, update

from petition.cli.worker import make_worker
from petition.config import Settings, load
from petition.services.api import once
from petition.services.counts import country_figures, message_figures, partner_figures
from petition.services.exports import kept_file
from petition.services.letters import link_requests
from petition.services.messages import answers, leaving
from petition.services.privacy import asked_erasures, erasure, retention, withdrawals
from petition.services.signatures import review_undo
from petition.services.staff import audit_log
from petition.store import jobs, tables
from petition.store.db import Condition, Moment, Question, db, reading, transaction
from petition.store.letters import inbound_mails, provider_pauses
from petition.store.messages import counts as message_counts
from petition.worker import digests, loop, messages
from petition.worker.loop import Worker
from petition.worker.maintenance import BESIDE_COUNTS
from tests import people, rights
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call
from tests.in_one_go import confirm_all, keep_all
from tests.inbound import RETURN_DOMAIN, email_of, take_in
from tests.messages import KEYS, together, write, write_to

pytestmark = pytest.mark.usefixtures("before_the_first_run")

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load(
        {
            "DATABASE_URL": database_url,
            "PETITION_INSTANCE": str(tmp_path / "instance"),
            "PETITION_RETURN_DOMAIN": RETURN_DOMAIN,
        }
    )


@pytest.fixture
def worker(app: Flask) -> Worker:
    """One that has just begun: what comes round is done."""
    made = make_worker(app, threading.Event())
    made._turn()
    return made


def turn(worker: Worker) -> None:
    """The turn with which a half minute ends."""
    worker._maintenance._next_fold = 0.0
    worker._turn()


# --- nothing is due -------------------------------------------------------------------------------


@dataclass
class Asked:
    """What was asked of the database."""

    transactions: int = 0
    statements: list[str] = field(default_factory=list)
    locks: int = 0
    """Transactions that took SQLite's write lock."""


@contextmanager
def asked() -> Iterator[Asked]:
    found = Asked()

    def begin(_: object) -> None:
        found.transactions += 1

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            found.statements.append(statement)
        found.locks += statement == "BEGIN IMMEDIATE"

    listeners = (("begin", begin), ("before_cursor_execute", note))
    for name, listener in listeners:
        event.listen(db.engine, name, listener)
    try:
        yield found
    finally:
        for name, listener in listeners:
            event.remove(db.engine, name, listener)


def test_a_turn_with_nothing_due_is_one_question(app: Flask, worker: Worker) -> None:
    keep(app, the_call(app), people.ben)
    worker._turn()
    worker._turn()  # its letter is sent
    with asked() as found:
        worker._turn()
    assert len(found.statements) == found.transactions == 1, found.statements
    assert found.locks == 0, "nobody who signs waits for it"


def test_a_half_minute_with_nothing_due_takes_one_lock(app: Flask, worker: Worker) -> None:
    with asked() as found:
        turn(worker)
    # All chores; the counts' locked rows, their changes, their time and what goes with them; mail.
    assert len(found.statements) <= 6, found.statements
    assert found.transactions <= 3
    assert found.locks <= 1


def test_all_at_once_with_nothing_due_asks_little(app: Flask, worker: Worker) -> None:
    other = make_worker(app, threading.Event())
    with asked() as found:
        other.once()
    # As above, and what the console shows.
    assert len(found.statements) <= 11, found.statements
    assert found.transactions <= 5
    assert found.locks <= 2


# --- something becomes due ------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    app: Flask
    client: FlaskClient
    clock: Clock

    def add(self, table: type[Any], **values: object) -> None:
        with transaction() as session:
            session.execute(insert(table).values(**values))

    def sign(self, person: dict[str, str]) -> int:
        """Somebody signs and confirms; their signature."""
        keep(self.app, the_call(self.app), person)
        found = confirm(self.app, entries(self.app)[-1])
        assert found is not None
        return found.signature_id

    @property
    def entry(self) -> int:
        return int(str(rows(self.app, "SELECT min(id) FROM entries")[0][0]))


def ask_for_link(world: World) -> None:
    world.add(
        tables.LinkRequest,
        campaign_id=1,
        address_key=b"k" * 16,
        kind=link_requests.DATA,
        created_at=world.clock(),
    )


def keep_file(world: World) -> None:
    world.add(
        tables.Export,
        id=1,
        campaign_id=1,
        by="staff",
        reason="",
        filters="{}",
        format="csv",
        started_at=world.clock(),
    )
    world.add(tables.ExportFile, export_id=1, until=world.clock(), parts=0)


def claim_name(world: World) -> None:
    world.add(
        tables.ReviewClaim, entry_id=world.entry, campaign_id=1, by="staff", until=world.clock()
    )


def decide(world: World) -> None:
    world.add(
        tables.ReviewChange,
        campaign_id=1,
        entry_id=world.entry,
        batch="one",
        verdict="yes",
        by="staff",
        at=world.clock() - review_undo.UNDO_FOR,
    )


def name_request(world: World) -> None:
    world.add(tables.RequestKeyRow, key=b"k" * 32, body=b"b" * 32, began_at=world.clock() - DAY)


def withdraw(world: World) -> None:
    assert rights.withdraw(world.app, world.sign(people.cora))
    world.clock.forward(HOUR)


def ask_to_erase(world: World, state: str = "waiting") -> None:
    number = world.sign(people.carl)
    world.add(
        tables.BulkAction,
        id=number,
        campaign_id=1,
        verb="erase",
        by="staff",
        state=state,
        counted="{}",
        planned_at=world.clock() - HOUR,
        done_at=world.clock() - HOUR,
    )
    world.add(tables.BulkActionItem, action_id=number, signature_id=number, was_state="confirmed")


def begin_to_erase(world: World) -> None:
    """A worker took it, and ended."""
    ask_to_erase(world, "done")


def an_hour(world: World) -> None:
    world.clock.forward(HOUR)


def a_day(world: World) -> None:
    world.clock.forward(DAY)


def clear_space(world: World) -> None:
    with transaction() as session:
        jobs.ask(session, erasure.FORGET, at=world.clock())


def retire(world: World, key: str) -> None:
    with transaction() as session:
        session.execute(
            update(tables.MessageTarget)
            .where(tables.MessageTarget.key == key)
            .values(retired_at=world.clock())
        )


def write_and_retire(world: World) -> None:
    write(world.client, people.ben, to=KEYS[0])
    confirm(world.app, entries(world.app)[-1])
    retire(world, KEYS[0])


def write_to_two_and_retire_one(world: World) -> None:
    together(world.app)
    write_to(world.app, world.client, amina=(KEYS[1], KEYS[2]))
    retire(world, KEYS[2])


def publish_answer(world: World) -> None:
    world.add(
        tables.TargetAnswer,
        target_id=1,
        day=world.clock().date(),
        texts="{}",
        published_at=world.clock(),
        approved_at=world.clock(),
    )


def get_email(world: World) -> None:
    take_in(world.app, email_of("Hello"), [f"nobody@{RETURN_DOMAIN}"], "")


def sign_up(world: World) -> None:
    keep(world.app, the_call(world.app), people.ben)


def write_email(world: World) -> None:
    write(world.client, people.ben, to=KEYS[1])
    confirm(world.app, entries(world.app)[-1])


def lose_digest(world: World) -> None:
    world.add(
        tables.MessageDigest, target_id=1, state="parked", senders=10, made_at=world.clock() - HOUR
    )


def count_step(world: World) -> None:
    with transaction() as session:
        message_counts.note_own(session, 1, at=world.clock())


def note_minute(world: World) -> None:
    world.add(
        tables.ProviderMinute,
        provider_key=b"k" * 16,
        minute=world.clock() - 3 * HOUR,
        letters=1,
        blocked=1,
    )


def end_pause(world: World) -> None:
    world.add(
        tables.ProviderPause,
        provider_key=b"k" * 16,
        name="example.org",
        paused_at=world.clock() - HOUR,
        until=world.clock(),
        letters=50,
        blocked=50,
    )


def send_many(world: World) -> None:
    change(
        world.app,
        "UPDATE message_counts SET messages = 1000 WHERE step = 'sent' AND dimension = 'total'",
    )


def many_sign(world: World) -> None:
    forms = [people.ben | {"email": f"p{number}@example.net"} for number in range(10)]
    keep_all(world.app, the_call(world.app), forms)
    confirm_all(world.app, entries(world.app))


def begin_with_partner(world: World) -> None:
    world.add(
        tables.Partner,
        campaign_id=1,
        key="partner",
        name="Partner",
        origins="[]",
        state="live",
        made_by="staff",
        made_at=world.clock(),
    )


Left = Callable[[World], object]


def found(sql: str) -> Left:
    return lambda world: rows(world.app, sql)


def no_snapshot(name: str) -> Left:
    return lambda world: (
        not rows(world.app, "SELECT 1 FROM snapshots WHERE name = :name", name=name)
    )


def job(name: str) -> Left:
    def is_due(world: World) -> bool:
        with reading() as session:
            next_at = jobs.next_at(session, name)
        return next_at is not None and next_at <= world.clock()

    return is_due


IsDue = Callable[[Moment], Condition]
DUE: Final[tuple[tuple[IsDue, Callable[[World], None], Left], ...]] = (
    (loop.has_letters, sign_up, found("SELECT 1 FROM letters WHERE state = 'owed'")),
    (link_requests.is_due, ask_for_link, found("SELECT 1 FROM link_requests")),
    (kept_file.is_due, keep_file, found("SELECT 1 FROM export_files")),
    (review_undo.is_due, claim_name, found("SELECT 1 FROM review_claims")),
    (review_undo.is_due, decide, found("SELECT 1 FROM review_changes")),
    (once.is_due, name_request, found("SELECT 1 FROM request_keys")),
    (withdrawals.is_due, withdraw, found("SELECT 1 FROM signatures WHERE state = 'withdrawn'")),
    (asked_erasures.is_due, ask_to_erase, found("SELECT 1 FROM bulk_action_items")),
    (asked_erasures.is_due, begin_to_erase, found("SELECT 1 FROM bulk_action_items")),
    (retention.is_due, an_hour, job(retention.JOB)),
    (audit_log.is_due, a_day, job(audit_log.JOB)),
    (erasure.is_space_to_clear, clear_space, job(erasure.FORGET)),
    (inbound_mails.is_any_due, get_email, found("SELECT 1 FROM inbound_mails")),
    (messages.is_due, write_email, found("SELECT 1 FROM messages WHERE state = 'queued'")),
    (
        digests.is_due,
        lose_digest,
        found("SELECT 1 FROM message_digests WHERE finished_at IS NULL"),
    ),
    (answers.is_due, publish_answer, found("SELECT 1 FROM target_answers WHERE done_at IS NULL")),
    (leaving.is_due, write_and_retire, found("SELECT 1 FROM messages WHERE state = 'queued'")),
    (leaving.is_due, write_to_two_and_retire_one, found("SELECT 1 FROM message_also_to")),
    (message_counts.is_any_waiting, count_step, found("SELECT 1 FROM message_changes")),
    (
        provider_pauses.is_any_past,
        note_minute,
        found("SELECT 1 FROM provider_minutes WHERE blocked = 1"),
    ),
    (provider_pauses.is_any_past, end_pause, found("SELECT 1 FROM provider_pauses")),
    (message_figures.is_due, send_many, no_snapshot(message_figures.MESSAGES)),
    (country_figures.is_due, many_sign, no_snapshot(country_figures.COUNTRIES)),
    (partner_figures.is_due, begin_with_partner, no_snapshot(partner_figures.BY_PARTNER)),
)
"""What is due then, how it becomes so, and what holds from then until it is done."""


def chores(worker: Worker) -> set[IsDue]:
    """Whatever a worker does when there is cause for it."""
    every = (*worker._maintenance._chores.all, *worker._each_turn.all)
    return {each.is_due for each in every} | set(BESIDE_COUNTS)


def test_each_chore_is_brought_about_below(worker: Worker) -> None:
    assert chores(worker) == {is_due for is_due, _, _ in DUE}
    at_once = {each.is_due for each in worker._at_once.all}
    assert at_once == {each.is_due for each in worker._each_turn.all} - {link_requests.is_due}


def test_what_becomes_due_is_done_in_the_next_round_and_then_due_no_more(
    app: Flask, client: FlaskClient, clock: Clock, worker: Worker
) -> None:
    world, all_of_them = World(app, client, clock), tuple(chores(worker))
    question = Question(all_of_them)
    for _, bring, left in DUE:
        with reading() as session:
            due = question.ask(session, at=clock())
        assert not any(due), (bring.__name__, due)
        bring(world)
        assert left(world), bring.__name__
        turn(worker)
        assert not left(world), bring.__name__
        turn(worker)


def test_what_one_chore_makes_due_is_done_in_the_same_round(
    app: Flask, client: FlaskClient, clock: Clock, worker: Worker
) -> None:
    world = World(app, client, clock)
    withdraw(world)
    rights.ask(client, people.cora["email"])
    turn(worker)
    assert not job(erasure.FORGET)(world), "an erasure leaves space to clear"
    world.sign(people.carl)
    rights.ask(client, people.carl["email"])
    assert rows(app, "SELECT 1 FROM link_requests")
    worker._turn()
    found = rows(app, "SELECT state FROM letters WHERE kind = 'data'")
    assert found == [("sent",)], "who asked gets their letter"

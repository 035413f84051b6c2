"""Messages are handed to their target once or never, within its hours and its cap."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.cli.worker import make_worker
from petition.domain.messages import pacing
from petition.services.messages import pausing, queue_figures
from petition.services.messages.pausing import Pause
from petition.services.messages.queue_figures import Look
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of, set_dependencies
from petition.worker.loop import Worker
from petition.worker.messages import LEASE, MessageSender
from tests import people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, rows, together
from tests.in_one_go import confirm_all
from tests.messages import KEYS, states, write
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
IN_OFFICE = datetime(2026, 11, 2, 19, 0, tzinfo=UTC)
"""A Monday, eleven in the morning where the shipped targets are."""


def number_of_writers(app: Flask, client: FlaskClient, number: int) -> None:
    """So many people write to the first target and confirm."""
    for place in range(number):
        write(client, people.cora | {"email": f"p{place}@example.net"}, to=KEYS[0])
    confirm_all(app, entries(app))


def sent_to_targets(server: SmtpServer) -> list[str]:
    return [each.recipients[0] for each in server.handler.taken if each.message["Reply-To"]]


def send_at_once(app: Flask, *, workers: int) -> None:
    """So many workers send what is due, until nothing is."""
    senders = [make_worker(app, threading.Event())._messages for _ in range(workers)]

    def send(place: int) -> None:
        with app.app_context():
            while senders[place].send_batch():
                pass

    assert together(workers, send) == []


def give_settings(app: Flask, **settings: int) -> None:
    deps = dependencies_of(app)
    set_dependencies(app, replace(deps, settings=replace(deps.settings, **settings)))


@pytest.fixture
def worker(
    app: Flask, clock: Clock, smtp_server: SmtpServer, worker_to: Callable[..., Worker]
) -> Worker:
    """A worker that sends by SMTP, in the targets' office hours."""
    clock.at = IN_OFFICE
    return worker_to(smtp_server.smtp)


def test_each_is_sent_once_in_office_hours(
    app: Flask, client: FlaskClient, clock: Clock, smtp_server: SmtpServer, worker: Worker
) -> None:
    number_of_writers(app, client, 2)
    worker.once()
    assert sent_to_targets(smtp_server) == []  # no click is followed by its email
    clock.forward(pacing.SPREAD)
    worker.once()
    worker.once()
    assert sent_to_targets(smtp_server) == ["chief-executive@amazon.example.org"] * 2
    assert states(app) == {"sent": 2}
    clock.at = datetime(2026, 11, 7, 4, 0, tzinfo=UTC)  # Friday evening there
    write(client, people.ben)
    confirm(app, entries(app)[-1])
    worker.once()
    for hours in (12, 24, 36, 48):
        clock.at = datetime(2026, 11, 7, 4, 0, tzinfo=UTC) + hours * HOUR
        worker.once()
        assert len(sent_to_targets(smtp_server)) == 2, "nobody is there at the weekend"
    clock.at = datetime(2026, 11, 9, 19, 0, tzinfo=UTC)
    worker.once()
    assert len(sent_to_targets(smtp_server)) == 5


def test_two_workers_send_no_more_than_the_cap(
    app: Flask, client: FlaskClient, clock: Clock, smtp_server: SmtpServer, worker: Worker
) -> None:
    change(app, "UPDATE message_targets SET an_hour = 6, a_day = 8")
    number_of_writers(app, client, 10)
    worker.once()  # our own emails to them, and each message gets its time
    clock.forward(pacing.SPREAD)
    send_at_once(app, workers=2)
    assert len(sent_to_targets(smtp_server)) == 3  # of six an hour, twenty minutes on
    for minutes in (39, 59, 60, 60):  # the others come again within an hour each time
        clock.forward(timedelta(minutes=minutes))
        send_at_once(app, workers=2)
    assert len(sent_to_targets(smtp_server)) == 8  # the day's cap
    hours = rows(app, "SELECT messages FROM message_hours ORDER BY hour")
    assert all(int(str(number)) <= 6 for (number,) in hours)
    for _ in range(3):
        clock.forward(24 * HOUR)
        worker.once()
    assert states(app) == {"sent": 10}
    assert len(sent_to_targets(smtp_server)) == 10


def test_four_workers_use_an_hour_up_and_no_more(
    app: Flask, client: FlaskClient, clock: Clock, smtp_server: SmtpServer, worker: Worker
) -> None:
    change(app, "UPDATE message_targets SET an_hour = 6")
    number_of_writers(app, client, 8)
    worker.once()
    clock.at = IN_OFFICE.replace(minute=59)
    send_at_once(app, workers=4)
    assert len(sent_to_targets(smtp_server)) == 6
    assert states(app) == {"sent": 6, "queued": 2}


def test_four_workers_send_no_more_to_a_mail_provider_than_its_cap(
    app: Flask, client: FlaskClient, clock: Clock, smtp_server: SmtpServer, worker: Worker
) -> None:
    """All three targets have their mailboxes at one domain."""
    give_settings(app, messages_per_hour=4)
    for place in range(3):
        write(client, people.cora | {"email": f"p{place}@example.net"})
    confirm_all(app, entries(app))
    worker.once()
    clock.at = IN_OFFICE.replace(minute=59)
    send_at_once(app, workers=4)
    assert len(sent_to_targets(smtp_server)) == 4
    assert states(app) == {"sent": 4, "queued": 5}
    counted = rows(app, "SELECT provider, messages FROM provider_hours")
    assert [tuple(row) for row in counted] == [("amazon.example.org", 4)]
    clock.at -= HOUR  # set back: what went in the hour that is still to come counts
    change(app, "UPDATE letters SET due_at = :at WHERE message_id IS NOT NULL", at=clock.at)
    send_at_once(app, workers=1)
    assert len(sent_to_targets(smtp_server)) == 4
    clock.at += 2 * HOUR + timedelta(minutes=30)
    change(app, "UPDATE letters SET due_at = :at WHERE message_id IS NOT NULL", at=clock.at)
    send_at_once(app, workers=1)
    assert len(sent_to_targets(smtp_server)) == 8
    assert states(app) == {"sent": 8, "queued": 1}


def test_a_message_that_was_not_taken_gives_the_providers_room_back(
    app: Flask, client: FlaskClient, clock: Clock, smtp_server: SmtpServer, worker: Worker
) -> None:
    number_of_writers(app, client, 1)
    worker.once()
    clock.forward(pacing.SPREAD)
    smtp_server.handler.at_data = lambda envelope: "421 closing"
    worker.once()
    assert states(app) == {"queued": 1}
    assert rows(app, "SELECT sum(messages) FROM provider_hours")[0][0] == 0


def test_a_wrong_date_and_wrong_settings_flood_nobody(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    smtp_server: SmtpServer,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pacing, "MOST_AN_HOUR", 3)
    change(app, "UPDATE message_targets SET an_hour = 100000, a_day = 100000")
    number_of_writers(app, client, 8)
    worker.once()
    clock.at = IN_OFFICE.replace(minute=59)
    runs = make_worker(app, threading.Event())
    runs.once()
    assert len(sent_to_targets(smtp_server)) == 3  # whatever the files say
    for days in range(1, 6):  # a clock that jumps: each time an hour, and a day, begins
        clock.at = IN_OFFICE.replace(minute=59) + days * 7 * 24 * HOUR
        runs.once()
    assert len(sent_to_targets(smtp_server)) == 3
    assert states(app) == {"sent": 3, "queued": 5}


@pytest.mark.parametrize(
    ("answer", "state", "taken"),
    [("dropped", "parked", 1), ("550 5.1.1 nobody", "bounced", 0), ("451 later", "queued", 0)],
)
def test_what_becomes_of_it_is_known_or_it_is_parked(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    smtp_server: SmtpServer,
    worker: Worker,
    answer: str,
    state: str,
    taken: int,
) -> None:
    number_of_writers(app, client, 1)
    worker.once()
    clock.forward(pacing.SPREAD)
    if answer == "dropped":
        smtp_server.handler.drop_after_data = True
    else:
        smtp_server.handler.at_data = lambda envelope: answer
    worker.once()
    assert states(app) == {state: 1}
    assert len(sent_to_targets(smtp_server)) == taken
    assert rows(app, "SELECT sum(messages) FROM message_hours")[0][0] == (state != "queued")
    smtp_server.handler.drop_after_data = False
    smtp_server.handler.at_data = lambda envelope: None
    clock.forward(2 * HOUR)
    worker.once()
    ended = "sent" if state == "queued" else state
    assert states(app) == {ended: 1}
    assert len(sent_to_targets(smtp_server)) == 1 if state != "bounced" else taken == 0


def test_a_worker_that_ends_in_the_middle_leaves_it_parked(
    app: Flask, client: FlaskClient, clock: Clock, smtp_server: SmtpServer, worker: Worker
) -> None:
    number_of_writers(app, client, 1)
    worker.once()
    clock.forward(pacing.SPREAD)
    sender: MessageSender = worker._messages
    (letter,) = sender._claim()
    with transaction() as session:
        assert sender._take(session, letter) is not None
    clock.forward(LEASE + timedelta(minutes=1))  # killed here, with the letter perhaps sent
    worker.once()
    assert states(app) == {"parked": 1}
    assert sent_to_targets(smtp_server) == []
    assert rows(app, "SELECT state, last_error FROM letters WHERE message_id IS NOT NULL") == [
        ("failed", "outcome unknown")
    ]


def test_staff_pause_a_target_and_let_it_go_on(
    app: Flask, client: FlaskClient, clock: Clock, smtp_server: SmtpServer, worker: Worker
) -> None:
    write(client, people.cora)
    confirm(app, entries(app)[0])
    pause = Pause(slug="amazon", key=KEYS[0], paused=True, by="t")
    with transaction() as session:
        assert pausing.set_paused(session, pause, at=clock()) == 1
        assert pausing.set_paused(session, pause, at=clock()) == 0
    for _ in range(2):
        worker.once()
        clock.forward(pacing.SPREAD)
    worker.once()
    assert len(sent_to_targets(smtp_server)) == 2
    with transaction() as session:
        queues = queue_figures.of_campaign(
            session, "amazon", Look(in_tens=False, provider_cap=120), at=clock()
        )
        assert [each.states["queued"] for each in queues] == [1, 0, 0]
        assert [each.states["sent"] for each in queues] == [0, 1, 1]
        pausing.set_paused(session, replace(pause, paused=False), at=clock())
    for _ in range(3):
        clock.forward(pacing.SPREAD)
        worker.once()
    assert len(sent_to_targets(smtp_server)) == 3
    assert rows(app, "SELECT action FROM audit WHERE who = 't' ORDER BY id") == [
        ("pause messages",),
        ("resume messages",),
    ]


def test_nothing_goes_for_who_withdrew_or_to_who_is_no_target_any_more(
    app: Flask, client: FlaskClient, clock: Clock, smtp_server: SmtpServer, worker: Worker
) -> None:
    number_of_writers(app, client, 2)
    change(app, "UPDATE signatures SET state = 'held' WHERE id = (SELECT min(id) FROM signatures)")
    change(app, "UPDATE message_targets SET retired_at = :at", at=clock().isoformat())
    for _ in range(3):
        worker.once()
        clock.forward(pacing.SPREAD)
    assert sent_to_targets(smtp_server) == []
    assert states(app) == {"cancelled": 2}


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata"])
def test_every_time_lies_in_office_hours(zone: str) -> None:
    for hours in range(0, 24 * 8, 5):
        at = datetime(2026, 3, 5, 1, 30, tzinfo=UTC) + hours * HOUR
        for jitter in (0.0, 0.5, 0.999):
            for found in (pacing.next_time, pacing.next_hour, pacing.next_day):
                due = found(at, zone, jitter)
                assert due >= at
                assert pacing.is_office_hour(due, zone)
                assert due - at < timedelta(days=5)


def test_the_mailbox_of_development_shows_them_at_once(app: Flask, client: FlaskClient) -> None:
    assert dependencies_of(app).settings.shows_mailbox
    write(client, people.cora)
    confirm(app, entries(app)[0])
    make_worker(app, threading.Event()).once()
    assert states(app) == {"sent": 3}

"""Somebody signs and never confirms: one reminder after three days, and after seven all is gone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.cli.worker import make_worker
from petition.services.signatures import holds
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import rows, together, work
from tests.in_one_go import keep_all

pytestmark = pytest.mark.usefixtures("before_the_first_run")

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def reminders(app: Flask) -> int:
    found = rows(app, "SELECT count(*) FROM letters WHERE kind = 'reminder' AND state = 'sent'")
    return int(str(found[0][0]))


@pytest.mark.slow
def test_one_reminder_and_then_nothing_is_left(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    factories.sign(client, people.cora)
    worker, began, seen = make_worker(app, threading.Event()), clock(), {}
    for day in (0, 1, 3, 5, 7, 8):  # close to when something is due, and in between
        for hours in (-3, 0, 3):
            at = day * DAY + hours * HOUR
            if at >= timedelta():
                clock.at = began + at
                worker.once()
                seen[at] = (len(factories.letters(app)), len(rights.ids(app)))
    before, changes = (1, 1), {}
    for at, now in seen.items():
        if now != before:
            changes[at] = now
        before = now
    assert changes == {3 * DAY: (2, 1), 7 * DAY + 3 * HOUR: (0, 0)}
    held = rights.held_now(app).keys()
    assert not held & {"signatures", "entries", "consents", "letters"}


def test_the_reminder_holds_the_same_link_and_code_and_says_it_is_the_only_one(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    factories.sign(client, people.cora)
    work(app)
    clock.forward(3 * DAY)
    work(app)
    first, reminder = factories.letters(app)
    assert "the only reminder" in factories.text_of(reminder)
    assert rights.link_to("confirm", reminder) == rights.link_to("confirm", first)
    assert rights.code_in(reminder) == rights.code_in(first)
    assert reminder["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in first
    clock.forward(3 * DAY)
    assert client.post(rights.link_to("confirm", reminder)).status_code == 303
    work(app)
    assert rights.counted(app)["total", ""] == 1


def test_a_second_before_three_days_there_is_none(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    factories.sign(client, people.cora)
    clock.forward(3 * DAY - timedelta(seconds=1))
    work(app)
    assert reminders(app) == 0
    clock.forward(HOUR)
    work(app)
    assert reminders(app) == 1


@pytest.mark.each_case_on_both
@pytest.mark.slow
@pytest.mark.parametrize(
    "action", ["confirms", "withdraws", "unsubscribes", "is held", "is rejected"]
)
def test_who_is_not_waited_for_gets_none(
    app: Flask, client: FlaskClient, clock: Clock, action: str
) -> None:
    factories.sign(client, people.cora)
    work(app)
    if action == "confirms":
        client.post(rights.newest(app, "confirm"))
    elif action == "withdraws":
        rights.withdraw(app, 1)
    elif action == "unsubscribes":
        rights.unsubscribe(app)
    elif action == "is held":
        rights.move(app, holds.hold)
    else:
        rights.move(app, holds.reject)
    for days in (3, 1, 2):
        clock.forward(days * DAY)
        work(app)
    assert reminders(app) == 0


def test_who_confirms_between_owing_and_sending_gets_none(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    factories.sign(client, people.cora)
    work(app)
    clock.forward(3 * DAY)
    make_worker(app, threading.Event())._maintenance.all()
    client.post(rights.newest(app, "confirm"))
    work(app)
    assert ("reminder", "withheld") in rights.kinds(app)
    assert reminders(app) == 0


def test_a_worker_that_was_away_for_a_week_reminds_nobody_of_what_is_over(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    factories.sign(client, people.cora)
    work(app)
    clock.forward(8 * DAY)
    work(app)
    assert factories.letters(app) == []


def test_several_forms_are_one_reminder_about_the_newest(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    factories.sign(client, people.cora)
    clock.forward(DAY)
    factories.sign(client, people.carl)
    work(app)
    clock.forward(2 * DAY)
    work(app)
    clock.forward(DAY)
    work(app)
    assert reminders(app) == 1
    *_, newest, reminder = factories.letters(app)
    assert rights.link_to("confirm", reminder) == rights.link_to("confirm", newest)


def test_several_workers_owe_one(app: Flask, clock: Clock) -> None:
    keep_all(app, factories.the_call(app), map(people.someone, range(12)))
    work(app)
    clock.forward(3 * DAY)

    def action(_place: int) -> None:
        with app.app_context():
            maintenance = make_worker(app, threading.Event())._maintenance
            maintenance._remind(clock())

    assert together(4, action) == []
    assert rows(app, "SELECT count(*) FROM letters WHERE kind = 'reminder'") == [(12,)]


def test_more_than_a_batch(
    app: Flask, client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petition.services.privacy.retention.BATCH", 2)
    for number in range(5):
        factories.sign(client, people.someone(number))
    clock.forward(3 * DAY)
    work(app)
    assert reminders(app) == 5


def test_it_counts_against_the_mailbox(app: Flask, client: FlaskClient, clock: Clock) -> None:
    """Five letters ever to who never confirmed, the reminder among them."""
    for _ in range(4):
        factories.sign(client, people.cora)
        work(app)
        clock.forward(0.7 * DAY)
    clock.forward(0.3 * DAY)
    work(app)
    assert reminders(app) == 1
    for place in ("my", "resend"):
        clock.forward(0.6 * DAY)
        rights.ask(client, people.cora["email"], place)
        work(app)
    assert rights.kinds(app)[-2:] == [("data", "withheld"), ("confirm", "withheld")]
    assert len(factories.letters(app)) == 5

"""A target may get one email a day, once ten people wrote: with their emails as one PDF."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.messages.digest import LEAST_SENDERS
from petition.mail import digests as written
from petition.worker import digests
from petition.worker.loop import Worker
from tests import people
from tests.conftest import Clock
from tests.factories import change, entries, rows
from tests.in_one_go import confirm_all
from tests.messages import KEYS, states, write
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.slow

IN_OFFICE = datetime(2026, 11, 2, 19, 0, tzinfo=UTC)
"""A Monday, eleven in the morning where the shipped targets are."""
HOUR = timedelta(hours=1)


def add_writers(app: Flask, client: FlaskClient, first: int, number: int) -> None:
    """So many people more write to the first target and confirm."""
    known = set(entries(app))
    shown = ("full_name", "first_name", "supporter")
    for place in range(first, first + number):
        person = people.cora | {"email": f"p{place}@example.net"}
        write(
            client, person, to=KEYS[0], shown_as=shown[place % 3], message_body="Please.\n\n{name}"
        )
    confirm_all(app, sorted(set(entries(app)) - known))


def sent_to_targets(server: SmtpServer) -> list[EmailMessage]:
    return [each.message for each in server.handler.taken if each.message["Reply-To"]]


@pytest.fixture
def worker(
    app: Flask, clock: Clock, smtp_server: SmtpServer, worker_to: Callable[..., Worker]
) -> Worker:
    """A worker that sends by SMTP, to a target that gets digests in German."""
    clock.at = IN_OFFICE
    change(
        app,
        "UPDATE message_targets SET mode = 'digest', language = 'de' WHERE key = :key",
        key=KEYS[0],
    )
    return worker_to(smtp_server.smtp)


def test_it_waits_for_ten_and_goes_once_a_day(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    smtp_server: SmtpServer,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_: list[dict[str, Any]] = []
    data = written._data

    def kept(*words: Any) -> dict[str, object]:
        set_.append(data(*words))
        return set_[-1]

    monkeypatch.setattr(written, "_data", kept)
    add_writers(app, client, 0, LEAST_SENDERS - 1)
    worker.once()
    clock.forward(HOUR)
    worker.once()
    assert states(app) == {"queued": 9}
    assert sent_to_targets(smtp_server) == []
    add_writers(app, client, 9, 2)
    clock.forward(digests.EVERY)
    worker.once()
    assert states(app) == {"sent": 11}
    (sent,) = sent_to_targets(smtp_server)
    assert str(sent["Subject"]) == "11 E-Mails von Unterstützenden"
    text, pdf = sent.iter_parts()
    assert "jeweils auf einer eigenen Seite" in text.get_content()
    assert pdf.get_content().startswith(b"%PDF")
    assert {each["sender"].partition(" via ")[0] for each in set_[0]["letters"]} == {
        *("Cora Lindqvist", "Cora", "A supporter")
    }
    assert all(each["body"].startswith("Please.") for each in set_[0]["letters"])
    whole = sent.as_string()
    assert "example.net" not in whole
    assert not any(str(id_) in whole for (id_,) in rows(app, "SELECT id FROM messages"))
    # One email to the cap, eleven messages to the counts.
    assert rows(app, "SELECT sum(messages) FROM message_hours") == [(1,)]
    total = "SELECT messages FROM message_counts WHERE step = 'sent' AND dimension = 'total'"
    assert rows(app, total) == [(11,)]
    add_writers(app, client, 11, 10)
    clock.forward(HOUR)
    worker.once()
    assert len(sent_to_targets(smtp_server)) == 1
    clock.forward(24 * HOUR)
    worker.once()
    assert states(app) == {"sent": 21}
    assert len(sent_to_targets(smtp_server)) == 2


@pytest.mark.parametrize(
    ("answer", "state", "ended"),
    [
        ("dropped", "parked", "parked"),
        ("550 5.1.1 nobody", "bounced", "bounced"),
        ("451 later", "queued", "sent"),
        ("killed", "parked", "parked"),
    ],
)
def test_what_becomes_of_it_is_known_or_all_of_it_is_parked(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    smtp_server: SmtpServer,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    state: str,
    ended: str,
) -> None:
    monkeypatch.setattr(digests, "LEAST_SENDERS", 2)
    add_writers(app, client, 0, 2)
    worker.once()  # our own emails to them, and the digest
    add_writers(app, client, 2, 2)
    clock.forward(24 * HOUR)
    handler = smtp_server.handler
    if answer == "dropped":
        handler.drop_after_data = True
    elif answer == "killed":
        with worker._transaction() as session:
            ((target_id,),) = rows(app, "SELECT id FROM message_targets WHERE mode = 'digest'")
            assert worker._digests._take(session, int(str(target_id)), clock()) is not None
    else:
        handler.at_data = lambda envelope: answer
    worker._digests.send_due()
    assert states(app) == {"sent": 2, state: 2}
    handler.drop_after_data, handler.at_data = False, lambda envelope: None
    clock.forward(2 * HOUR)
    worker._digests.send_due()
    assert states(app) == ({"sent": 4} if ended == "sent" else {"sent": 2, ended: 2})
    finished = rows(app, "SELECT finished_at FROM messages WHERE state = 'parked'")
    assert all(at is not None for (at,) in finished)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_was_erased_or_is_held_back_is_in_none(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(digests, "LEAST_SENDERS", 3)
    add_writers(app, client, 0, 4)
    change(app, "DELETE FROM signatures WHERE id = (SELECT min(id) FROM signatures)")
    change(app, "UPDATE signatures SET state = 'held' WHERE id = (SELECT min(id) FROM signatures)")
    worker.once()
    assert states(app) == {"queued": 3}
    change(app, "UPDATE message_targets SET mode = 'single'")
    for _ in range(72):
        clock.forward(HOUR)
        worker.once()
        if states(app)["queued"] == 1:
            break
    for _ in range(3):
        clock.forward(23 * HOUR)
        worker.once()
    assert states(app)["queued"] == 1  # one by one: but who is held back waits

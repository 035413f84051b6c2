"""Whatever somebody types, or has sealed past the form, a message keeps its head and its reader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient

from drills.mail_writers import INJECTED, PAYLOADS, Writers
from petition.domain.messages import pacing
from petition.worker.loop import Worker
from tests import people
from tests.conftest import Clock
from tests.factories import change, entries
from tests.in_one_go import confirm_all
from tests.messages import KEYS, form_of, states
from tests.smtp_server import SmtpServer

HEAD = {
    *("From", "To", "Reply-To", "Subject", "Date", "Message-ID"),
    *("Content-Language", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
}
TYPED = PAYLOADS[: len(PAYLOADS) // 2]
"""The others begin without a word: they are the drill's."""
FIELDS = ("given_name", "family_name", "message_subject", "message_body")


def test_nothing_that_is_typed_or_sealed_adds_a_line_a_reader_or_a_message(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    smtp_server: SmtpServer,
    worker_to: Callable[..., Worker],
) -> None:
    clock.at = datetime(2026, 11, 2, 19, 0, tzinfo=UTC)
    form = form_of(client, people.cora)
    sent = 0
    for place, payload in enumerate(TYPED):
        typed = {FIELDS[place % 4]: payload, "email": f"p{place}@example.net"}
        answer = client.post("/en/amazon/message", data=form | {"to": [KEYS[place % 3]]} | typed)
        assert answer.status_code in {303, 422}
        sent += answer.status_code == 303
    confirm_all(app, entries(app))
    assert states(app) == {"queued": sent}
    assert sent > len(TYPED) // 2
    worker = worker_to(smtp_server.smtp)
    Writers(app).poison(sent // 2)  # half of them get one that no form let through
    worker.once()
    clock.forward(pacing.SPREAD)
    change(app, "UPDATE message_targets SET an_hour = 300")
    worker.once()
    messages = [each for each in smtp_server.handler.taken if each.message["Reply-To"]]
    found = states(app)
    assert found == {"sent": len(messages), "parked": sent - len(messages)}
    assert 0 < found["parked"] <= sent // 2
    offices = {f"{key}@amazon.example.org" for key in KEYS}
    for each in messages:
        assert sorted(each.message.keys()) == sorted(HEAD)
        assert each.recipients == [each.message["To"]]
        assert set(each.recipients) <= offices
        assert f"\n{INJECTED}:".encode() not in each.content.partition(b"\r\n\r\n")[0]

"""Bounces stop letters and mark messages; no signature that was confirmed leaves the count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from petition.cli import main
from petition.config import Settings, load
from petition.domain.letters.return_words import ReturnKind
from petition.services.letters import provider_watch
from petition.store.db import transaction
from petition.store.letters import mailbox_limits, relay, sent_letters
from petition.store.letters.provider_pauses import Tally
from petition.web.http.dependencies import dependencies_of
from petition.worker.loop import Worker
from tests import console, people
from tests.conftest import Clock
from tests.factories import confirm, entries, keep, rows, the_call, work
from tests.inbound import RETURN_DOMAIN, address, cora_wrote, outcomes, report, take_in
from tests.messages import states
from tests.smtp_server import SmtpServer, certificates, smtp_server, start_smtp_server, worker_to

__all__ = ["certificates", "smtp_server", "start_smtp_server", "worker_to"]

DAY = timedelta(days=1)
GONE = report("5.1.1", "550 5.1.1 nobody")


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load(
        {
            "DATABASE_URL": database_url,
            "PETITION_INSTANCE": str(tmp_path / "instance"),
            "PETITION_RETURN_DOMAIN": RETURN_DOMAIN,
        }
    )


def back(app: Flask, letter_id: object) -> str:
    return address(app, ReturnKind.ENVELOPE, letter_id)


def newest_letter(app: Flask) -> object:
    return rows(app, "SELECT max(id) FROM letters")[0][0]


def newest_state(app: Flask) -> object:
    return rows(app, "SELECT state FROM letters ORDER BY id DESC LIMIT 1")[0][0]


def test_gone_twice_a_day_apart_stops_letters_and_never_the_signature(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    keep(app, the_call(app), people.cora)
    work(app)
    confirm(app, entries(app)[0])
    work(app)
    first = back(app, newest_letter(app))
    for _ in range(3):  # servers say the same thing often
        take_in(app, GONE, [first], "")
    work(app)
    assert rows(app, "SELECT stopped_at FROM mailboxes") == [(None,)]
    clock.forward(DAY + timedelta(minutes=1))
    keep(app, the_call(app), people.cora)
    work(app)
    take_in(app, GONE, [back(app, newest_letter(app))], "")
    work(app)
    assert {day for (day,) in rows(app, "SELECT number FROM inbound_counts")} == {1, 3}
    ((stopped_at,),) = rows(app, "SELECT stopped_at FROM mailboxes")
    assert stopped_at is not None
    clock.forward(DAY)
    keep(app, the_call(app), people.cora)
    work(app)
    assert newest_state(app) == "withheld"
    assert rows(app, "SELECT state FROM signatures") == [("confirmed",)]
    assert rows(app, "SELECT confirmed FROM counts WHERE dimension = 'total'") == [(1,)]
    clock.forward(sent_letters.STOPPED_FOR)
    keep(app, the_call(app), people.cora)
    work(app)
    assert newest_state(app) == "sent"  # its name may be somebody's by now
    with transaction() as session:
        key = bytes(rows(app, "SELECT address_key FROM mailboxes")[0][0])  # type: ignore[call-overload]
        mailbox_limits.note_there(session, key)  # as whoever clicks in it does
    assert rows(app, "SELECT gone_at, stopped_at FROM mailboxes") == [(None, None)]


def test_forged_and_late_reports_do_nothing(app: Flask, client: FlaskClient, clock: Clock) -> None:
    keep(app, the_call(app), people.cora)
    work(app)
    confirm(app, entries(app)[0])
    work(app)
    true = back(app, newest_letter(app))
    local = true.partition("@")[0]
    forged = [f"{local[:place]}{'bz'[local[place] == 'b']}{local[place + 1 :]}" for place in (0, 9)]
    before = rows(app, "SELECT gone_at FROM mailboxes")
    for each in (*forged, "bavotiru-melakota-nepisoda", "x", ""):
        take_in(app, GONE, [f"{each}@{RETURN_DOMAIN}"], "")
    take_in(app, GONE, [true.replace(RETURN_DOMAIN, "elsewhere.example")], "")
    take_in(app, GONE, [back(app, 4_000_000)], "")
    clock.forward(7 * DAY + timedelta(minutes=1))
    take_in(app, GONE, [true], "")
    work(app)
    assert rows(app, "SELECT gone_at FROM mailboxes") == before
    assert outcomes(app) == {"nowhere": 8}
    assert rows(app, "SELECT state FROM signatures") == [("confirmed",)]


def test_complaints_end_what_nobody_asked_for(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.cora)
    work(app)
    confirm(app, entries(app)[0])
    work(app)
    to = back(app, newest_letter(app))
    arf = (
        "From: f@p.example\r\nContent-Type: multipart/report; report-type=feedback-report;"
        ' boundary="b"\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n'
        f"Feedback-Type: abuse\r\nOriginal-Mail-From: <{to}>\r\n\r\n--b--\r\n"
    )
    take_in(app, arf, ["complaints@x.example"], "")
    work(app)
    assert outcomes(app) == {"complaint": 1}
    ((state, unsubscribed_at),) = rows(app, "SELECT state, unsubscribed_at FROM signatures")
    assert state == "confirmed"
    assert unsubscribed_at is not None


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (GONE, "bounced"),
        (report("4.4.1", "451 later", action="delayed"), "sent"),
        (report("2.0.0", "250 fine", action="delivered"), "sent"),
    ],
)
def test_a_message_that_comes_back_is_bounced_with_its_time(
    app: Flask, client: FlaskClient, clock: Clock, content: str, state: str
) -> None:
    cora_wrote(app, client)
    ((letter_id,),) = rows(app, "SELECT id FROM letters WHERE message_id IS NOT NULL")
    clock.forward(timedelta(hours=2))
    take_in(app, content, [back(app, letter_id)], "")
    work(app)
    assert states(app) == {state: 1}
    ((finished, bounced),) = rows(app, "SELECT finished_at, bounced_at FROM messages")
    assert (bounced is not None) == (state == "bounced")
    assert finished is not None
    assert finished != bounced


def test_what_a_server_says_to_ourselves_counts_too(
    app: Flask, clock: Clock, smtp_server: SmtpServer, worker_to: Callable[..., Worker]
) -> None:
    worker = worker_to(smtp_server.smtp)
    smtp_server.handler.at_recipient = lambda address: "550 5.1.1 nobody"
    keep(app, the_call(app), people.cora)
    worker.once()
    ((gone_at,),) = rows(app, "SELECT gone_at FROM mailboxes")
    assert gone_at is not None
    smtp_server.handler.at_recipient = lambda address: None
    clock.forward(DAY)
    keep(app, the_call(app), people.cora)
    worker.once()
    (taken,) = smtp_server.handler.taken
    assert taken.sender == back(app, newest_letter(app))
    assert taken.message["Return-Path"] is None


def test_a_provider_that_blocks_us_gets_nothing_for_an_hour_and_owners_know(
    app: Flask,
    clock: Clock,
    smtp_server: SmtpServer,
    worker_to: Callable[..., Worker],
) -> None:
    owner = console.enter(app, "owner")
    worker = worker_to(smtp_server.smtp)
    worker.once()  # what tells of the second factor
    vault = dependencies_of(app).vault
    minute = clock().replace(second=0, microsecond=0)
    seen = {("gmail.com", minute): Tally(letters=48, blocked=2)}
    with transaction() as session:
        assert provider_watch.note(session, vault, seen, at=clock()) == []

    def at_recipient(address: str) -> str | None:
        return "550 5.7.1 blocked" if "mail.com" in address else None

    smtp_server.handler.at_recipient = at_recipient
    number = len(smtp_server.handler.taken)
    for place, domain in enumerate(("gmail.com", "googlemail.com", "gmail.com", "example.net")):
        keep(app, the_call(app), people.someone(place) | {"email": f"p{place}@{domain}"})
    worker.once()
    with transaction() as session:
        (paused,) = relay.state(session).providers
    assert (paused.name, paused.letters, paused.blocked) == ("gmail.com", 50, 4)
    told = [each.recipients[0] for each in smtp_server.handler.taken[number:]]
    assert sorted(told) == ["owner@campaign.example.org", "p3@example.net"]
    assert str(smtp_server.handler.taken[-1].message["Subject"]) in {
        "A mail provider blocks our emails",
        "Please confirm your email address",
    }
    settings = dependencies_of(app).settings
    environ = {"DATABASE_URL": settings.database_url, "PETITION_INSTANCE": str(settings.instance)}
    said = CliRunner(env=environ).invoke(main, ["status"]).output
    assert "gmail.com: blocks our letters" in said
    page = owner.get("/staff/").get_data(as_text=True)
    smtp_server.handler.at_recipient = lambda address: None
    clock.forward(timedelta(minutes=50))
    worker.once()
    assert len(smtp_server.handler.taken) == number + 2
    clock.forward(timedelta(minutes=30))
    worker.once()
    assert len(smtp_server.handler.taken) == number + 5
    assert "gmail.com" in page

"""A mail server that refuses us costs no letter: the queue is held, staff are told, it is tried."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from petition.cli import main
from petition.config import Smtp
from petition.services.letters import provider_watch
from petition.store.db import reading, transaction
from petition.store.letters import relay
from petition.store.letters.relay import IN_A_ROW, PAUSES, PROBES, RelayState
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.conftest import Clock
from tests.factories import keep, rows, the_call, together
from tests.in_one_go import keep_all

NUMBER = 21
"""More than a batch."""

REFUSALS = [
    ("recipient", "550 5.7.1 rejected by policy"),
    ("recipient", "554 5.7.0 must issue a STARTTLS command first"),
    ("recipient", "550 relay not permitted"),
    ("recipient", "530 authentication required"),
    ("recipient", "550 5.1.8 sender address rejected"),
    ("data", "554 transaction failed"),
    ("data", "550 5.7.1 looks like spam"),
    ("data", "552 5.3.4 too big for this system"),
]


@pytest.fixture
def letters_owed(app: Flask) -> None:
    keep_all(app, the_call(app), map(people.someone, range(NUMBER)))


def _refuse(handler: Any, step: str, answer: str | None) -> Counter[str]:
    """The server answers so to whatever comes; what it was asked for."""
    asked: Counter[str] = Counter()

    def at_recipient(address: str) -> str | None:
        asked[address] += 1
        return answer if step == "recipient" else None

    handler.at_recipient = at_recipient
    handler.at_data = lambda envelope: answer if step == "data" else None
    return asked


def _states(app: Flask) -> Counter[str]:
    return Counter(str(state) for (state,) in rows(app, "SELECT state FROM letters"))


def _relay(app: Flask) -> RelayState:
    with app.app_context(), reading() as session:
        return relay.state(session)


@pytest.mark.slow
@pytest.mark.usefixtures("letters_owed")
@pytest.mark.parametrize(("step", "answer"), REFUSALS)
def test_a_server_that_refuses_all_costs_no_letter(
    app: Flask,
    clock: Clock,
    smtp_server: Any,
    worker_to: Any,
    caplog: pytest.LogCaptureFixture,
    step: str,
    answer: str,
) -> None:
    began = clock()
    asked = _refuse(smtp_server.handler, step, answer)
    worker_to(smtp_server.smtp).once()
    assert asked.total() == IN_A_ROW
    assert _states(app) == {"owed": NUMBER}
    held = _relay(app)
    assert held.held_since == began
    assert held.reason is not None
    assert held.reason.startswith(f"SMTP {answer[:3]}")
    assert [record.levelname for record in caplog.records if "queue is held" in record.message] == [
        "ERROR"
    ]

    # Another worker, or this one after a restart, waits as well.
    assert worker_to(smtp_server.smtp).once() == 0
    assert asked.total() == IN_A_ROW

    # It is tried with a few letters at each pause, and then all wait again.
    clock.forward(PAUSES[0])
    worker_to(smtp_server.smtp).once()
    assert asked.total() == IN_A_ROW + PROBES
    for _ in range(6):
        clock.forward(timedelta(hours=1))
        worker_to(smtp_server.smtp).once()
    assert _states(app) == {"owed": NUMBER}

    # It ends with the first letter that is taken, and then all go.
    _refuse(smtp_server.handler, step, None)
    clock.forward(PAUSES[-1])
    worker_to(smtp_server.smtp).once()
    clock.forward(timedelta(hours=1))
    worker_to(smtp_server.smtp).once()
    assert _states(app) == {"sent": NUMBER}
    assert _relay(app) == RelayState()
    assert "takes letters again" in caplog.text
    assert "@" not in caplog.text


@pytest.mark.usefixtures("letters_owed")
def test_a_mailboxs_own_refusal_is_final_and_holds_nothing(
    app: Flask, smtp_server: Any, worker_to: Any
) -> None:
    asked = _refuse(smtp_server.handler, "recipient", "550 5.1.1 no such mailbox")
    worker_to(smtp_server.smtp).once()
    assert asked.total() == NUMBER
    assert _states(app) == {"failed": NUMBER}
    assert _relay(app).held_since is None


@pytest.mark.slow
@pytest.mark.usefixtures("letters_owed")
@pytest.mark.parametrize("answer", ["552 5.2.2 mailbox full", "450 4.2.1 later", "452 4.3.1 full"])
def test_what_may_pass_is_tried_again_and_holds_nothing(
    app: Flask, smtp_server: Any, worker_to: Any, answer: str
) -> None:
    asked = _refuse(smtp_server.handler, "recipient", answer)
    worker_to(smtp_server.smtp).once()
    assert asked.total() == NUMBER
    assert _states(app) == {"owed": NUMBER}
    assert _relay(app).held_since is None


@pytest.mark.slow
@pytest.mark.usefixtures("letters_owed")
def test_mixed_results_hold_nothing(
    app: Flask, clock: Clock, smtp_server: Any, worker_to: Any
) -> None:
    """Two of three are refused by policy: the others arrive."""

    def at_recipient(address: str) -> str | None:
        number = int(address.partition("@")[0].rpartition(".")[2])
        return None if number % 3 == 0 else "550 5.7.1 not from you"

    smtp_server.handler.at_recipient = at_recipient
    worker_to(smtp_server.smtp).once()
    assert _states(app) == {"sent": 7, "owed": 14}
    assert _relay(app).held_since is None
    for turn in range(4):
        clock.forward(timedelta(hours=12))
        keep(app, the_call(app), people.someone(3 * NUMBER + 3 * turn))
        worker_to(smtp_server.smtp).once()
    # In this test others are taken twice a day only, so that the refused ones hold it at times.
    clock.forward(PAUSES[-1])
    keep(app, the_call(app), people.someone(6 * NUMBER))
    worker_to(smtp_server.smtp).once()
    assert _relay(app).held_since is None


@pytest.mark.slow
@pytest.mark.usefixtures("letters_owed")
def test_what_is_refused_while_others_are_taken_is_given_up_alone(
    app: Flask,
    clock: Clock,
    smtp_server: Any,
    worker_to: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provider_watch, "ENOUGH", 1000)  # all go to one provider: not its pause

    def at_recipient(address: str) -> str | None:
        number = int(address.partition("@")[0].rpartition(".")[2])
        return None if number % 3 == 0 else "550 5.7.1 not from you"

    smtp_server.handler.at_recipient = at_recipient
    worker_to(smtp_server.smtp).once()
    for turn in range(9):  # a letter is taken every 20 minutes
        clock.forward(timedelta(minutes=20))
        keep(app, the_call(app), people.someone(3 * NUMBER + 3 * turn))
        worker_to(smtp_server.smtp).once()
        assert _relay(app).held_since is None
    assert _states(app) == {"sent": 16, "failed": 14}
    assert rows(app, "SELECT DISTINCT attempts FROM letters WHERE state = 'failed'") == [(5,)]


@pytest.mark.parametrize("number", [1, 3])
def test_a_short_queue_is_not_given_up_either(
    app: Flask, clock: Clock, smtp_server: Any, worker_to: Any, number: int
) -> None:
    call = the_call(app)
    for place in range(number):
        keep(app, call, people.someone(place))
    _refuse(smtp_server.handler, "recipient", "550 5.7.1 no")
    for _ in range(9):
        worker_to(smtp_server.smtp).once()
        clock.forward(timedelta(hours=7))
    assert _states(app) == {"owed": number}
    assert _relay(app).held_since is not None
    _refuse(smtp_server.handler, "recipient", None)
    worker_to(smtp_server.smtp).once()
    assert _states(app) == {"sent": number}


@pytest.mark.usefixtures("letters_owed")
def test_of_several_workers_one_tries(
    app: Flask, clock: Clock, smtp_server: Any, worker_to: Any
) -> None:
    asked = _refuse(smtp_server.handler, "data", "554 no")
    worker_to(smtp_server.smtp).once()
    before = asked.total()
    clock.forward(PAUSES[0])
    workers = [worker_to(smtp_server.smtp) for _ in range(4)]

    def action(place: int) -> None:
        with app.app_context():
            workers[place].send_batch()

    assert together(4, action) == []
    assert asked.total() == before + PROBES
    assert _states(app) == {"owed": NUMBER}


@pytest.mark.usefixtures("letters_owed")
def test_a_refusal_of_us_before_any_letter_is_noted_for_staff(
    app: Flask, clock: Clock, smtp_server: Any, worker_to: Any
) -> None:
    smtp_server.handler.at_sender = lambda address: "550 not you"
    began = clock()
    worker_to(smtp_server.smtp).once()
    clock.forward(timedelta(minutes=5))
    worker_to(smtp_server.smtp).once()
    assert _relay(app) == RelayState(away_since=began, reason="sender refused: SMTP 550")
    assert _states(app) == {"owed": NUMBER}
    smtp_server.handler.at_sender = lambda address: None
    worker_to(smtp_server.smtp).once()
    assert _states(app) == {"sent": NUMBER}
    assert _relay(app) == RelayState()


@pytest.mark.usefixtures("letters_owed")
def test_a_wrong_password_is_noted_with_its_code(
    app: Flask,
    start_smtp_server: Any,
    worker_to: Any,
    certificates: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    smtp_server = start_smtp_server(tls=True)
    smtp = Smtp(**{**smtp_server.smtp.__dict__, "password": "wrong"})
    worker_to(smtp).once()
    assert _relay(app).reason == "SMTPAuthenticationError: SMTP 535"
    assert _states(app) == {"owed": NUMBER}


def test_doctor_says_so(app: Flask, clock: Clock, smtp_server: Any, worker_to: Any) -> None:
    call = the_call(app)
    for number in range(IN_A_ROW):
        keep(app, call, people.someone(number))
    _refuse(smtp_server.handler, "recipient", "550 5.7.1 no")
    worker_to(smtp_server.smtp).once()
    settings = dependencies_of(app).settings
    result = app.test_cli_runner().invoke(
        main,
        ["doctor", "--json"],
        env={
            "DATABASE_URL": settings.database_url,
            "PETITION_INSTANCE": str(settings.instance),
        },
    )
    found = {line["name"]: line for line in json.loads(result.output)}
    assert result.exit_code == 1
    assert found["the mail server"]["verdict"] == "wrong"
    assert "SMTP 550 5.7.1" in found["the mail server"]["words"]


def _refused(session: Session, at: datetime) -> tuple[bool, bool]:
    refusal = relay.note_refused(session, attempts=0, reason="SMTP 554", at=at)
    return refusal.held, refusal.begins


def test_the_row_is_one_for_all(app: Flask, clock: Clock) -> None:
    """Refusals of two workers are one run; what is taken between them ends it."""
    with app.app_context():
        for _ in range(IN_A_ROW - 1):
            with transaction() as session:
                assert _refused(session, clock()) == (False, False)
        with transaction() as session:
            assert relay.note_taken(session, at=clock()) is False
        for number in range(IN_A_ROW):
            with transaction() as session:
                held, begins = _refused(session, clock())
            assert held is begins is (number == IN_A_ROW - 1)
        with transaction() as session:
            assert relay.take_turn(session, 20, at=clock()).most == 0
        with transaction() as session:
            assert relay.take_turn(session, 20, at=clock.forward(PAUSES[0])).most == PROBES
        with transaction() as session:
            assert relay.take_turn(session, 20, at=clock()).most == 0
        with transaction() as session:
            assert relay.note_taken(session, at=clock()) is True
        with transaction() as session:
            assert relay.take_turn(session, 20, at=clock()).most == 20

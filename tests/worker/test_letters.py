"""The worker: each letter once, retries that grow apart, and an orderly end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy.exc import OperationalError

from petition.domain.letters.letter import pause_after
from petition.domain.signatures.hold_reasons import HoldReason
from petition.services.letters import screening
from petition.services.signatures import holds
from petition.store.db import db, transaction
from petition.store.letters import outbox
from petition.web.http.dependencies import dependencies_of
from petition.worker import letters as letters_, loop as workers
from tests import people, rights
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, together, until
from tests.in_one_go import keep_all

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def letters_owed(app: Flask) -> int:
    """Thirty people wait for their letters: more than one batch."""
    return _owe_letters(app)


def _owe_letters(app: Flask) -> int:
    keep_all(app, the_call(app), map(people.someone, range(30)))
    return 30


def _states(app: Flask) -> Counter[str]:
    return Counter(str(state) for (state,) in rows(app, "SELECT state FROM letters"))


def _leased(app: Flask) -> int:
    return len(rows(app, "SELECT id FROM letters WHERE leased_by IS NOT NULL"))


def test_what_is_owed_is_sent_once_over_one_connection(
    app: Flask, smtp_server: Any, worker_to: Any, letters_owed: int
) -> None:
    assert worker_to(smtp_server.smtp).once() == letters_owed
    assert worker_to(smtp_server.smtp).once() == 0
    assert Counter(taken.recipients[0] for taken in smtp_server.handler.taken) == Counter(
        f"person.{number}@example.org" for number in range(30)
    )
    assert len(smtp_server.handler.connections) == 1
    assert _states(app) == {"sent": 30}
    assert _leased(app) == 0


def test_two_workers_send_each_letter_once(
    app: Flask, smtp_server: Any, worker_to: Any, letters_owed: int
) -> None:
    crew = [worker_to(smtp_server.smtp) for _ in range(3)]

    def action(place: int) -> None:
        with app.app_context():
            while crew[place].once():
                pass

    assert together(3, action) == []
    assert max(Counter(taken.recipients[0] for taken in smtp_server.handler.taken).values()) == 1
    assert len(smtp_server.handler.taken) == letters_owed
    assert _states(app) == {"sent": 30}


def test_retries_grow_apart_and_keep_their_message_id(
    app: Flask, clock: Clock, smtp_server: Any, worker_to: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters_, "random", SimpleNamespace(random=lambda: 0.0))
    keep(app, the_call(app), people.ben)
    seen: list[str] = []

    def refuse(envelope: Any) -> str:
        seen.append(envelope.content.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode())
        return "451 greylisted"

    smtp_server.handler.at_data = refuse
    pauses = []
    while (pause := pause_after(len(pauses) + 1, 0.0)) is not None:
        assert worker_to(smtp_server.smtp).once() == 1
        assert worker_to(smtp_server.smtp).once() == 0  # not due again
        assert rows(app, "SELECT attempts, last_error, state FROM letters") == [
            (len(pauses) + 1, "SMTP 451", "owed")
        ]
        clock.forward(pause - timedelta(seconds=1))
        assert worker_to(smtp_server.smtp).once() == 0
        clock.forward(timedelta(seconds=1))
        pauses.append(pause)
    assert pauses == sorted(pauses)
    assert len(pauses) >= 5
    assert worker_to(smtp_server.smtp).once() == 1
    assert rows(app, "SELECT state, last_error FROM letters") == [("failed", "gave up: SMTP 451")]
    assert len(seen) == len(pauses) + 1
    assert len(set(seen)) == 1
    clock.forward(timedelta(days=30))
    assert worker_to(smtp_server.smtp).once() == 0


def test_a_letter_that_was_postponed_arrives_later(
    app: Flask, clock: Clock, smtp_server: Any, worker_to: Any
) -> None:
    keep(app, the_call(app), people.ben)
    smtp_server.handler.at_recipient = lambda address: "450 busy"
    worker_to(smtp_server.smtp).once()
    smtp_server.handler.at_recipient = lambda address: None
    clock.forward(timedelta(minutes=2))
    assert worker_to(smtp_server.smtp).once() == 1
    assert rows(app, "SELECT state, attempts, last_error FROM letters") == [("sent", 2, None)]
    assert rows(app, "SELECT letters FROM mailboxes") == [(1,)]


def test_a_refused_letter_fails_and_the_others_go(
    app: Flask, smtp_server: Any, worker_to: Any, letters_owed: int
) -> None:
    smtp_server.handler.at_recipient = lambda address: (
        "550 5.1.1 person.7@example.org is unknown" if address.startswith("person.7@") else None
    )
    assert worker_to(smtp_server.smtp).once() == letters_owed
    assert _states(app) == {"sent": 29, "failed": 1}
    assert rows(app, "SELECT last_error FROM letters WHERE state = 'failed'") == [
        ("Refused: SMTP 550 5.1.1",)
    ]
    assert len(smtp_server.handler.connections) == 1


def test_a_server_that_is_away_costs_no_letter_a_try(
    app: Flask, smtp_server: Any, worker_to: Any, letters_owed: int
) -> None:
    smtp_server.handler.at_sender = lambda address: "451 come back"
    worker_to(smtp_server.smtp).once()
    assert _states(app) == {"owed": 30}
    assert _leased(app) == 0
    assert rows(app, "SELECT DISTINCT attempts FROM letters") == [(0,)]
    smtp_server.handler.at_sender = lambda address: None
    assert worker_to(smtp_server.smtp).once() == letters_owed
    assert _states(app) == {"sent": 30}


def test_a_record_that_does_not_open_fails_alone(
    app: Flask, smtp_server: Any, worker_to: Any, letters_owed: int
) -> None:
    change(app, "UPDATE entries SET sealed = :b WHERE id = :id", b=b"\0" * 40, id=entries(app)[3])
    worker_to(smtp_server.smtp).once()
    assert _states(app) == {"sent": 29, "failed": 1}
    assert rows(app, "SELECT last_error FROM letters WHERE state = 'failed'") == [("SealBroken",)]


def test_who_is_erased_gets_no_letter(app: Flask, smtp_server: Any, worker_to: Any) -> None:
    keep(app, the_call(app), people.ben)
    rights.erase(app, rights.ids(app)[0])
    worker_to(smtp_server.smtp).once()
    assert smtp_server.handler.taken == []
    assert _states(app) == {}


def test_the_fourth_letter_of_a_day_is_withheld(
    app: Flask, smtp_server: Any, worker_to: Any
) -> None:
    for _ in range(5):
        keep(app, the_call(app), people.ben)
    assert worker_to(smtp_server.smtp).once() == 5
    assert _states(app) == {"sent": 3, "withheld": 2}
    assert len(smtp_server.handler.taken) == 3


def test_several_workers_do_not_exceed_a_mailboxs_limit(
    app: Flask, smtp_server: Any, worker_to: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "BATCH", 2)
    for _ in range(10):
        keep(app, the_call(app), people.ben)
    crew = [worker_to(smtp_server.smtp) for _ in range(3)]

    def action(place: int) -> None:
        with app.app_context():
            while crew[place].once():
                pass

    assert together(3, action) == []
    assert _states(app) == {"sent": 3, "withheld": 7}
    assert len(smtp_server.handler.taken) == 3


def test_a_held_one_that_confirmed_is_told_so(
    app: Flask, clock: Clock, smtp_server: Any, worker_to: Any
) -> None:
    keep(app, the_call(app), people.ben)
    confirm(app, entries(app)[0])
    with transaction() as session:
        holds.hold(session, 1, reason=HoldReason.OTHER, by="sam", at=clock())
    worker_to(smtp_server.smtp).once()
    assert "confirmed already" in smtp_server.handler.taken[0].message["Subject"]


def test_once_folds_the_counts_too(app: Flask, smtp_server: Any, worker_to: Any) -> None:
    keep(app, the_call(app), people.ben)
    confirm(app, entries(app)[0])
    worker_to(smtp_server.smtp).once()
    assert rows(app, "SELECT confirmed FROM counts WHERE dimension = 'total'") == [(1,)]


def test_told_to_stop_it_finishes_the_letter_in_hand_and_gives_the_rest_back(
    app: Flask, smtp_server: Any, worker_to: Any, letters_owed: int
) -> None:
    stop = threading.Event()

    def stop_at_the_third(envelope: Any) -> None:
        if len(smtp_server.handler.taken) == 2:
            stop.set()

    smtp_server.handler.at_data = stop_at_the_third
    worker_to(smtp_server.smtp, stop).run()
    assert len(smtp_server.handler.taken) == 3
    assert _states(app) == {"sent": 3, "owed": 27}
    assert _leased(app) == 0


def test_what_a_dead_worker_held_is_sent_when_its_lease_ends(
    app: Flask, clock: Clock, smtp_server: Any, worker_to: Any, letters_owed: int
) -> None:
    with transaction() as session:
        outbox.claim(session, worker="dead", at=clock(), lease=workers.LEASE, most=12)
    assert worker_to(smtp_server.smtp).once() == 18
    clock.forward(workers.LEASE)
    assert worker_to(smtp_server.smtp).once() == 12
    assert _states(app) == {"sent": 30}


def test_a_batch_that_is_late_is_given_back(
    app: Flask, smtp_server: Any, worker_to: Any, letters_owed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter is not begun when another worker might take it before it is done."""
    seconds = iter(range(0, 100_000, 200))
    clockwork = SimpleNamespace(monotonic=lambda: float(next(seconds)))
    monkeypatch.setattr(workers, "time", clockwork)
    with app.app_context():
        assert worker_to(smtp_server.smtp).send_batch() == 20
    assert len(smtp_server.handler.taken) == 1
    assert _leased(app) == 0


def test_sigterm_ends_a_real_worker_after_the_letter_in_hand(
    app: Flask, clock: Clock, smtp_server: Any, tmp_path: Path
) -> None:
    clock.at = datetime.now(UTC)  # as for the process
    _owe_letters(app)
    smtp_server.handler.hold = threading.Event()
    settings = dependencies_of(app).settings
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": settings.database_url,
        "PETITION_INSTANCE": str(settings.instance),
        "SMTP_URL": f"smtp://127.0.0.1:{smtp_server.smtp.port}",
    }
    db.engine.dispose()
    process = subprocess.Popen(
        [sys.executable, "-m", "petition", "worker"],
        env=environ,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert smtp_server.handler.data_seen.wait(60)
        process.send_signal(signal.SIGTERM)
        until(lambda: _caught(process.pid))
        assert process.poll() is None  # it is in the middle of a letter
        smtp_server.handler.hold.set()
        output, _ = process.communicate(timeout=60)
    finally:
        smtp_server.handler.hold.set()
        if process.poll() is None:
            process.kill()
            process.wait()
    assert process.returncode == 0, output
    assert b"Traceback" not in output
    assert len(smtp_server.handler.taken) == 1
    assert _states(app) == {"sent": 1, "owed": 29}
    assert _leased(app) == 0


def _caught(pid: int) -> bool:
    """The signal has been delivered: it is no longer pending."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    pending = int(status["SigPnd"], 16) | int(status["ShdPnd"], 16)
    return not pending & 1 << (signal.SIGTERM - 1)


def test_a_letter_whose_row_another_transaction_wanted_goes_in_the_next_batch(
    app: Flask, smtp_server: Any, worker_to: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server gives up one of two that wait for each other: no letter waits for its lease."""
    call = the_call(app)
    for number in range(3):
        keep(app, call, people.someone(number))
    may_send, undone = screening.may_send, [DeadlockDetected(), SerializationFailure()]

    def refuse_first(*words: Any, **more: Any) -> Any:
        if undone:
            raise OperationalError("x", {}, undone.pop())
        return may_send(*words, **more)

    monkeypatch.setattr(screening, "may_send", refuse_first)
    worker = worker_to(smtp_server.smtp)
    assert worker.once() == 9  # each batch was claimed anew
    assert _states(app) == {"sent": 3}
    assert _leased(app) == 0
    assert len(smtp_server.handler.taken) == 3

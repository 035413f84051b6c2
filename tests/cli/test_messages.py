"""`petition messages …` and `petition count --messages`."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.messages.steps import By, Step
from petition.services.counts import message_figures, message_numbers
from petition.store.db import reading, transaction
from tests import people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, rows, work
from tests.messages import KEYS, form_of, write

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_the_queue_is_shown_paused_and_counted(app: Flask, client: FlaskClient, run: Any) -> None:
    assert run("messages", "pause", "amazon", "--target", KEYS[0]).stdout == "1 paused\n"
    write(client, people.cora)
    confirm(app, entries(app)[0])
    work(app)
    assert run("messages", "list", "amazon").stdout.splitlines() == [
        f"{KEYS[0]} (paused): 1 queued, 0 sent, 0 parked",
        f"{KEYS[1]} (going): 0 queued, 1 sent, 0 parked",
        f"{KEYS[2]} (going): 0 queued, 1 sent, 0 parked",
    ]
    document = json.loads(run("messages", "list", "amazon", "--json").stdout)
    assert [each["queued"] for each in document["targets"]] == [1, 0, 0]
    assert run("messages", "resume", "amazon").stdout == "1 resumed\n"
    going, *_ = run("messages", "list", "amazon").stdout.splitlines()
    assert re.search(r"1 queued, 0 sent, 0 parked; empty by 20\d\d-\d\d-\d\d \d\d:\d\d UTC$", going)
    (first, *_) = json.loads(run("messages", "list", "amazon", "--json").stdout)["targets"]
    assert first["empty_at"]
    assert run("messages", "pause", "amazon", "--target", "nobody").exit_code == 1
    total = "3 composed, 3 confirmed, 2 sent, 0 bounced, 0 answered, 0 own"
    assert run("count", "amazon", "--messages").stdout == f"amazon: {total}\n"
    by_country = run("count", "amazon", "--messages", "--by", "country", "--format", "csv").stdout
    assert by_country.splitlines()[1] == "SE,3,3,2,0,0,0"
    assert json.loads(run("count", "amazon", "--messages", "--format", "json").stdout) == {
        "campaign": "amazon",
        "messages": {
            "composed": 3,
            "confirmed": 3,
            "sent": 2,
            "bounced": 0,
            "answered": 0,
            "own": 0,
        },
    }
    assert run("count", "amazon", "--by", "target").exit_code == 2
    assert run("count", "amazon", "--messages", "--by", "language").exit_code == 2
    assert "targets have addresses of example.org" in run("doctor").stdout


@on_sqlite
def test_who_only_writes_is_in_no_list_and_cannot_be_found(
    app: Flask, client: FlaskClient, run: Any
) -> None:
    form = form_of(client, people.cora) | {"apart": "yes", "writing_consent": "yes"}
    assert client.post("/en/amazon/message", data=form).status_code == 303
    confirm(app, entries(app)[0])
    work(app)
    assert rows(app, "SELECT state FROM signatures") == [("writer",)]
    listed = run("export", "amazon", "--reason", "test", "--state", "all", "-o", "-")
    assert listed.exit_code == 0
    assert people.cora["email"] not in listed.stdout
    assert run("signature", "find", "amazon").stdout == "none\n"
    ((id_,),) = rows(app, "SELECT id FROM signatures")
    assert run("signature", "show", str(id_)).exit_code == 1
    for verb in ("hold", "reject"):
        assert run("signature", verb, str(id_), "--reason", "other").exit_code == 1
    assert rows(app, "SELECT state FROM signatures") == [("writer",)]
    assert run("count", "amazon").stdout.startswith("amazon: 0")


@on_sqlite
def test_who_sees_no_personal_data_gets_full_tens(app: Flask, client: FlaskClient) -> None:
    write(client, people.cora)
    work(app)
    change(app, "UPDATE message_counts SET messages = 19 WHERE dimension IN ('total', 'country')")
    with reading() as session:
        for by in (None, *By):
            found = message_numbers.numbers(session, "amazon", by, exact=False)
            assert found.total[Step.COMPOSED] == 10
            assert set(found.rows) == ({"SE"} if by == By.COUNTRY else set())
            assert found.as_csv().splitlines()[1:] == {
                None: ["amazon,10,0,0,0,0,0"],
                By.COUNTRY: ["SE,10,0,0,0,0,0"],
            }.get(by, [])
            exact = message_numbers.numbers(session, "amazon", by, exact=True)
            assert exact.total[Step.COMPOSED] == 19
            assert bool(exact.rows) == (by not in (None, By.PARTNER))


@on_sqlite
def test_the_public_number_rises_by_what_ten_people_can_have_sent(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    write(client, people.cora)
    confirm(app, entries(app)[0])
    work(app)

    def look(sent: int) -> tuple[bool, int]:
        change(
            app,
            "UPDATE message_counts SET messages = :sent WHERE step='sent' AND dimension='total'",
            sent=sent,
        )
        with transaction() as session:
            rose = message_figures.snapshot(session, 1, at=clock())
            return rose, message_figures.shown(session, 1)

    assert look(29) == (False, 0)
    assert look(37) == (True, 30)
    assert look(99) == (False, 30)  # within a day
    clock.at += message_figures.EVERY
    assert look(66) == (False, 30)
    assert look(67) == (True, 60)
    page = client.get("/en/amazon").get_data(as_text=True)
    assert "counted once a day: 60" in page


@on_sqlite
def test_what_the_console_does_for_one_target(app: Flask, run: Any) -> None:
    caps = run("messages", "caps", "amazon", KEYS[0], "--an-hour", "9", "--a-day", "90")
    assert caps.stdout == f"{KEYS[0]}: 9 an hour, 90 a day\n"
    for wrong in ("0", "301"):
        words = ("messages", "caps", "amazon", KEYS[0], "--a-day", "9")
        assert run(*words, "--an-hour", wrong).exit_code == 2
    stand = ("messages", "stand", "amazon", KEYS[0], "refused", "--day", "2026-01-01")
    assert run(*stand).exit_code == 2, "nothing shows it"
    assert run(*stand, "--link", "ftp://example.org/").exit_code == 2
    assert run(*stand, "--note", "A letter of theirs.").exit_code == 0
    leave = ("messages", "leave", "amazon", KEYS[0])
    assert run(*leave, "replaced").exit_code == 2
    assert run(*leave, "replaced", "--by", KEYS[1]).stdout == f"{KEYS[0]}: replaced\n"
    assert run("messages", "take-back", "amazon", KEYS[0]).stdout == f"{KEYS[0]}: taken back\n"
    assert run("messages", "parked", "amazon", KEYS[0], "again").stdout == "0 queued again\n"
    assert run("messages", "take-back", "amazon", "nobody").exit_code == 1
    query = "SELECT action, outcome FROM audit WHERE action LIKE 'target %' ORDER BY id"
    assert rows(app, query) == [
        ("target stand", "refused"),
        ("target left", "replaced"),
        ("target left", "taken back"),
    ]

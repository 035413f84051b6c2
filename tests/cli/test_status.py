"""`petition status`: looks at worker, letters and mail server, changes nothing, and ends with 1."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask

from tests import people
from tests.factories import change, keep, rows, the_call


def _counted(app: Flask, at: datetime) -> None:
    """As a worker that counted then."""
    change(app, "DELETE FROM folds")
    change(
        app,
        "INSERT INTO folds (campaign_id, folded_at, decreases) SELECT id, :at, 0 FROM campaigns",
        at=at.replace(tzinfo=None) if app.config["SQLALCHEMY_DATABASE_URI"][0] == "s" else at,
    )


def test_it_names_a_worker_that_does_not_count_and_sends_nothing(app: Flask, run: Any) -> None:
    keep(app, the_call(app), people.ben)
    found = run("status")
    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        "wrong  worker       has not counted yet: does `petition worker` run?",
        "ok     letters      1 due, 0 for later; 0 sent, 0 failed, 0 withheld",
        "ok     mail server  nothing is known against it",
    ]
    assert rows(app, "SELECT state FROM letters") == [("owed",)]


def test_it_is_well_while_a_worker_counts(app: Flask, run: Any) -> None:
    _counted(app, datetime.now(UTC) - timedelta(minutes=1))
    found = run("status", "--json")
    assert found.exit_code == 0
    assert {each["name"]: each["is_well"] for each in json.loads(found.stdout)} == {
        "worker": True,
        "letters": True,
        "mail server": True,
    }
    _counted(app, datetime.now(UTC) - timedelta(minutes=4))
    found = run("status")
    assert found.exit_code == 1
    assert "and not since" in found.stdout


def test_it_names_a_mail_server_that_is_away(app: Flask, run: Any) -> None:
    _counted(app, datetime.now(UTC))
    change(app, "DELETE FROM mail_relay")
    change(
        app,
        "INSERT INTO mail_relay (id, refusals, tries, away_since, reason)"
        " VALUES (1, 0, 0, '2026-11-02 09:30:00', 'ConnectionRefusedError')",
    )
    found = run("status")
    assert found.exit_code == 1
    assert "wrong  mail server  is away since 2026-11-02 09:30 UTC" in found.stdout

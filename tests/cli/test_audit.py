"""`petition audit …`: what it prints, how it ends, and that doctor says the same."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from petition.config import Settings
from petition.keyring import KeyRing
from petition.store.db import transaction
from petition.store.staff import audit
from petition.web.http.dependencies import dependencies_of
from tests import console
from tests.cli.conftest import one_line
from tests.factories import rows, work


@pytest.fixture
def log(app: Flask) -> Flask:
    at = dependencies_of(app).now()
    with transaction() as session:
        for who, action in (("a@example.org", "sign in"), ("=b", "invite"), ("c", "sign in")):
            audit.note(session, who=who, action=action, outcome="done", at=at, detail="ü")
    return app


def change(app: Flask, statement: str) -> None:
    """Past the triggers."""
    with transaction() as session:
        on = " ON audit" if session.get_bind().dialect.name == "postgresql" else ""
        for verb in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER audit_refuse_{verb}{on}"))
        session.execute(text(statement))


def test_a_whole_log(log: Flask, run: Any) -> None:
    found = run("audit", "verify")
    assert (found.exit_code, found.stdout) == (0, "3 rows, as they were written\n")
    document = json.loads(run("audit", "verify", "--json").stdout)
    assert document == {
        "whole": True,
        "rows": 3,
        "accepted_up_to": 0,
        "pruned_up_to": 0,
        "head_kept": True,
        "findings": [],
    }
    assert "3 rows, as they were written" in run("doctor").stdout
    assert rows(log, "SELECT count(*) FROM audit") == [(3,)], "looking changes nothing"


def test_a_changed_row_is_named_until_somebody_accepts_it(log: Flask, run: Any) -> None:
    change(log, "UPDATE audit SET who = 'd' WHERE number = 2")
    found = run("audit", "verify")
    assert found.exit_code == 1
    assert found.stdout == "row 2: changed since it was written\n"
    assert one_line(found.stderr) == "Error: the audit log is not as it was written"
    as_json = run("audit", "verify", "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["findings"] == [
        {"kind": "changed", "first": 2, "last": 2, "words": "row 2: changed since it was written"}
    ]
    doctor = run("doctor")
    assert doctor.exit_code == 1
    assert "row 2: changed since it was written: see `petition audit verify`" in doctor.stdout
    refused = run("audit", "accept")
    assert refused.exit_code == 2, "a script must say --yes"
    assert run("audit", "accept", "--yes").exit_code == 0
    after = run("audit", "verify")
    assert after.exit_code == 0
    assert after.stdout == (
        "rows up to 3 were accepted before (petition audit accept)\n1 rows, as they were written\n"
    )
    assert run("audit", "accept", "--yes").stdout == "nothing to accept\n"


def test_on_a_machine_that_saw_no_row_nobody_knows_what_was_cut_off(log: Flask, run: Any) -> None:
    head = dependencies_of(log).settings.audit_head_path
    head.unlink()
    found = run("audit", "verify")
    assert found.exit_code == 0
    assert "this machine had seen no row before" in found.stdout
    assert "this machine" not in run("audit", "verify").stdout
    change(log, "DELETE FROM audit WHERE number = 3")
    assert run("audit", "verify").stdout == "row 3: missing at the end, or other rows stand there\n"


def test_under_another_ring_every_row_is_named(log: Flask, run: Any) -> None:
    found = run("audit", "verify", PETITION_VAULT_KEY=KeyRing.generate_text())
    assert found.exit_code == 1
    assert found.stdout == "rows 1 to 3: written under another PETITION_VAULT_KEY\n"


def test_the_rows_are_listed_and_that_is_noted(log: Flask, run: Any) -> None:
    listed = run("audit", "list", "--who", "a@example.org").stdout.splitlines()
    assert listed == ["1  2026-11-02 09:30:00  a@example.org  sign in: done  (ü)"]
    assert len(run("audit", "list", "--action", "sign in").stdout.splitlines()) == 2
    since = json.loads(run("audit", "list", "--since", "2026-11-03", "--format", "json").stdout)
    assert [row["action"] for row in since] == ["export audit"] * 3
    assert since[0]["detail"] == "who: a@example.org"
    table = [*csv.DictReader(io.StringIO(run("audit", "list", "--format", "csv").stdout))]
    assert [row["number"] for row in table] == [str(n) for n in range(1, 8)]
    assert table[1]["who"] == "'=b", "no cell runs as a formula"


def test_the_worker_checks_once_a_day(
    log: Flask, run: Any, settings: Settings, caplog: pytest.LogCaptureFixture, clock: Any
) -> None:
    work(log)
    assert rows(log, "SELECT rows, finding FROM audit_checks") == [(3, None)]
    change(log, "UPDATE audit SET who = 'd' WHERE number = 2")
    work(log)
    assert rows(log, "SELECT rows, finding FROM audit_checks") == [(3, None)]
    clock.at = clock.at.replace(day=clock.at.day + 1)
    work(log)
    said = "row 2: changed since it was written"
    assert rows(log, "SELECT rows, finding FROM audit_checks") == [(3, said)]
    assert f"audit: {said}" in caplog.text
    assert rows(log, "SELECT who, action, outcome, detail FROM audit WHERE number = 4") == [
        ("worker", "check audit", "broken", said)
    ]


def test_old_rows_are_pruned(app: Flask, run: Any) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(3):
        with transaction() as session:
            at = long_ago if number < 2 else dependencies_of(app).now()
            audit.note(session, who="c", action="sign in", outcome="done", at=at)
    words = ("audit", "prune", "--before", "2021-01-01")
    assert run(*words, "--dry-run").stdout == "would delete 2 rows, up to 2\n"
    assert run(*words).exit_code == 2, "a script must say --yes"
    assert rows(app, "SELECT count(*) FROM audit") == [(3,)]
    assert run(*words, "--yes").stdout == "deleted 2 rows, up to 2\n"
    assert run("audit", "verify").stdout == (
        "rows up to 2 were deleted before (petition audit prune)\n2 rows, as they were written\n"
    )
    assert json.loads(run("audit", "verify", "--json").stdout)["pruned_up_to"] == 2
    assert run(*words, "--yes").stdout == "nothing to delete\n"
    page = console.enter(app).get("/staff/audit").get_data(as_text=True)
    assert "Rows up to number 2 were deleted" in page
    assert "Deleted old rows of this log" in page


def test_young_rows_and_a_broken_log_are_not_pruned(log: Flask, run: Any) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    said = run("audit", "prune", "--before", tomorrow, "--yes")
    assert said.exit_code == 1
    assert "Rows of the last 90 days are kept" in one_line(said.stderr)
    change(log, "UPDATE audit SET who = 'd' WHERE number = 2")
    said = run("audit", "prune", "--before", "2020-01-01", "--yes")
    assert said.exit_code == 1
    assert "petition audit verify" in one_line(said.stderr)
    assert run("audit", "prune", "--before", "soon", "--yes").exit_code == 2

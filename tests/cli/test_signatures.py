"""`petition signature`: finding, showing, and doing something with one or many, from a terminal."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from petition.cli import confirmation, main
from petition.config import Settings
from tests import factories, people, rights
from tests.cli.conftest import environ_of, one_line
from tests.conftest import Clock
from tests.factories import rows


@pytest.fixture(autouse=True)
def signed(app: Flask, clock: Clock) -> None:
    """1 Amina and 2 Ben have confirmed, 3 Cora has not."""
    call = factories.the_call(app)
    for form in (people.amina, people.ben, people.cora):
        factories.keep(app, call, form, clock.forward(timedelta(seconds=1)))
    for entry_id in factories.entries(app)[:2]:
        factories.confirm(app, entry_id)


def states(app: Flask) -> list[object]:
    return [row[0] for row in rows(app, "SELECT state FROM signatures ORDER BY id")]


def test_finding_by_what_is_no_secret(run: Any) -> None:
    assert run("signature", "find", "amazon").stdout.splitlines() == [
        "3: pending, 2026-11-02T09:30:03Z, SE, en",
        "2: confirmed, 2026-11-02T09:30:02Z, NG, en",
        "1: confirmed, 2026-11-02T09:30:01Z, MA, en",
    ]
    found = run("signature", "find", "amazon", "--state", "confirmed", "--oldest", "--json")
    assert [each["signature_id"] for each in json.loads(found.stdout)] == [1, 2]
    assert run("signature", "find", "amazon", "--country", "mt").stdout == "none\n"
    found = run("signature", "find", "amazon", "--day", "2026-11-02", "--source", "flyer")
    assert found.stdout == "none\n"


@pytest.mark.each_case_on_both
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("BenOkafor@googlemail.com", "2: confirmed, 2026-11-02T09:30:02Z, NG, en\n"),
        ("nobody@example.org", "none\n"),
    ],
)
def test_finding_by_an_address_that_is_asked_for(
    app: Flask, settings: Settings, typed: str, said: str
) -> None:
    words = ("signature", "find", "amazon", "--address")
    found = CliRunner(env=environ_of(settings)).invoke(main, words, input=f"{typed}\n")
    assert (found.exit_code, found.stdout) == (0, said)
    ((detail,),) = rows(app, "SELECT detail FROM audit WHERE action = 'search signatures'")
    assert str(detail).startswith("amazon: address ")
    assert "okafor" not in str(detail).lower()
    refused = CliRunner(env=environ_of(settings)).invoke(main, words, input="@gmail.com\n")
    assert refused.exit_code == 1
    assert "this is not a whole email address" in refused.stderr


def test_showing_one(app: Flask, run: Any) -> None:
    run("signature", "hold", "2", "--reason", "abusive")
    lines = run("signature", "show", "2").stdout.splitlines()
    assert lines[0] == "2: amazon, held"
    assert "    email: ben.okafor@gmail.com" in lines
    assert any(" held abusive, cli" in line for line in lines)
    found = json.loads(run("signature", "show", "2", "--json").stdout)
    assert (found["state"], found["hold_reason"]) == ("held", "abusive")
    kinds = [each["kind"] for each in found["life"]]
    assert kinds[:2] == ["sent", "confirmed"]
    assert {"held", "opened", "read"} <= set(kinds)
    assert rows(app, "SELECT role FROM staff_views") == [("server",)]
    assert run("signature", "show", "99").exit_code == 1


def test_many_are_held_and_undone(app: Flask, run: Any) -> None:
    found = run("signature", "hold", "1", "3", "99", "--reason", "other", "--dry-run")
    assert (found.exit_code, found.stdout) == (0, "would hold 2\n")
    assert "not there, or of another campaign: 1" in found.stderr
    assert rows(app, "SELECT * FROM bulk_actions") == []
    found = run("signature", "hold", "1", "3", "99", "--reason", "other")
    assert (found.exit_code, found.stdout) == (0, "1: held\n3: held\n")
    assert states(app) == ["held", "confirmed", "held"]
    again = run("signature", "hold", "1", "3", "--reason", "other")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "there is nothing to change" in again.stderr
    action = str(rows(app, "SELECT min(id) FROM bulk_actions")[0][0])
    assert f"petition signature undo {action}" in found.stderr
    assert run("signature", "undo", action).stdout == "2 as before\n"
    assert states(app) == ["confirmed", "confirmed", "pending"]
    undone = run("signature", "undo", action)
    assert (undone.exit_code, undone.stdout) == (1, "")
    assert run("signature", "undo", "999").exit_code == 1


def test_a_rejected_one_is_restored(app: Flask, run: Any) -> None:
    run("signature", "reject", "1", "--reason", "other")
    assert run("signature", "restore", "1").stdout == "1: restored\n"
    assert states(app)[0] == "confirmed"
    refused = run("signature", "restore", "1")
    assert refused.exit_code == 1
    assert "signature 1 is confirmed: it cannot become confirmed" in refused.stderr


def test_all_that_fit_want_a_yes(
    app: Flask, run: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("signature", "reject", "--all", "amazon", "--state", "confirmed", "--reason", "other")
    assert run(*words, "--dry-run").stdout == "would reject 2\n"
    refused = run(*words)
    assert refused.exit_code == 2
    assert one_line(refused.stderr) == "Error: reject 2 signatures of amazon: say --yes to do it"
    monkeypatch.setattr(confirmation, "_is_terminal", lambda: True)
    asked = CliRunner(env=environ_of(settings)).invoke(main, words, input="n\n")
    assert asked.exit_code == 1
    assert states(app) == ["confirmed", "confirmed", "pending"]
    assert run(*words, "--yes").stdout == "1: rejected\n2: rejected\n"
    assert states(app) == ["rejected", "rejected", "pending"]
    factories.work(app)
    assert rights.counted(app) == rights.standing(app)


@pytest.mark.parametrize(
    "words",
    [
        ("hold", "--reason", "other"),
        ("restore",),
        ("restore", "1", "--all", "amazon", "--state", "held"),
        ("restore", "1", "--state", "held"),
        ("restore", "--all", "amazon"),
        ("restore", "--all", "amazon", "--day", "yesterday"),
        ("erase",),
        ("show", "0"),
    ],
)
def test_misuse(run: Any, words: tuple[str, ...]) -> None:
    assert run("signature", *words).exit_code == 2


def test_several_are_erased(app: Flask, run: Any) -> None:
    found = run("signature", "erase", "1", "2", "--dry-run")
    assert found.stdout == "1: confirmed, would be erased\n2: confirmed, would be erased\n"
    assert run("signature", "erase", "1", "2").exit_code == 2
    assert rights.ids(app) == [1, 2, 3]
    assert run("signature", "erase", "1", "2", "--yes").stdout == "1: erased\n2: erased\n"
    assert rights.ids(app) == [3]

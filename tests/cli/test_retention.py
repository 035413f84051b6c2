"""`petition retention run`, `petition recall`, `petition campaign retention`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from petition.cli.retention import WORDS
from petition.config import Settings
from petition.services.campaigns import content_files
from petition.services.privacy.retention import Kind
from petition.store.db import transaction
from tests import people, rights
from tests.cli.conftest import one_line
from tests.conftest import Clock
from tests.factories import confirm, entries, keep, rows, the_call, work

pytestmark = pytest.mark.usefixtures("before_the_first_run")

UNCONFIRMED = "forms that nobody confirmed"
NOTHING = {
    "code_tries": 0,
    "sender_hashes": 0,
    "ended_wider_limits": 0,
    "erased_before": 0,
    "withdrawn": 0,
    "unconfirmed_forms": 0,
    "message_texts": 0,
    "signatures": {},
}
"""What programs read, key by key: docs/hosts.md."""
FOUR = NOTHING | {"unconfirmed_forms": 2, "signatures": {"amazon": 2}}


@pytest.fixture
def old(app: Flask, clock: Clock) -> None:
    """Two people confirmed, two never did; the call closed 13 months ago by the real clock."""
    clock.at = datetime.now(UTC) - timedelta(days=400)
    for number in range(4):
        keep(app, the_call(app), people.someone(number))
    for entry_id in entries(app)[:2]:
        confirm(app, entry_id)
    work(app)
    with transaction() as session:
        content_files.close(session, "amazon", at=clock())
    clock.at = datetime.now(UTC)


def test_the_dry_run_says_what_would_go(app: Flask, run: Any, old: None) -> None:
    before = rights.dump(app)
    found = run("retention", "run", "--dry-run")
    assert (found.exit_code, found.stdout) == (
        0,
        f"2 {UNCONFIRMED} would go\n2 signatures of amazon would go\n",
    )
    assert json.loads(run("retention", "run", "--dry-run", "--json").stdout) == {"due": FOUR}
    assert rights.dump(app) == before


def test_the_run_does_it_and_then_nothing_is_due(
    app: Flask, run: Any, old: None, settings: Settings
) -> None:
    found = run("retention", "run")
    assert (found.exit_code, found.stdout) == (
        0,
        f"2 {UNCONFIRMED} erased\n2 signatures of amazon erased\n",
    )
    assert rights.ids(app) == []
    assert list(settings.outbox_dir.glob("*")) == [], "their letters' files too"
    for words in (("--dry-run",), ()):
        assert run("retention", "run", *words).stdout == "nothing is due\n"
    assert json.loads(run("retention", "run", "--json").stdout) == {"erased": NOTHING}
    found = run("count", "amazon")
    assert found.stdout == "amazon: 2 confirmed\n"
    found = run("count", "amazon", "--recount")
    assert found.exit_code == 1
    assert "its totals stay" in one_line(found.stderr)


def test_who_ran_it_is_on_record(app: Flask, run: Any, old: None) -> None:
    run("retention", "run")
    ((who, action, outcome, detail),) = rows(app, "SELECT who, action, outcome, detail FROM audit")
    assert str(who).startswith("cli")
    assert (action, outcome) == ("retention run", "done")
    assert json.loads(str(detail)) == FOUR


def test_in_json(app: Flask, run: Any, old: None) -> None:
    assert json.loads(run("retention", "run", "--json").stdout) == {"erased": FOUR}


def test_every_kind_has_its_words_and_its_key() -> None:
    assert set(WORDS) == set(Kind)
    assert [*NOTHING] == [*Kind]


@pytest.mark.parametrize("lang", ["de_DE.UTF-8", "ar", "C"])
def test_the_keys_are_the_same_in_every_language(
    app: Flask, run: Any, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    for name in ("LANG", "LANGUAGE", "LC_ALL", "PETITION_LANG"):
        monkeypatch.setenv(name, lang)
    for words in (("--dry-run",), ()):
        (found,) = json.loads(run("retention", "run", "--json", *words).stdout).values()
        assert found == NOTHING


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_broken_journal_is_one_line_and_nothing_is_done(
    app: Flask, run: Any, old: None, settings: Settings, words: tuple[str, ...]
) -> None:
    settings.journal_path.write_text("nonsense\n", encoding="utf-8")
    before = rights.dump(app)
    found = run("retention", "run", *words)
    assert found.exit_code == 1
    assert "erasures.journal: line 1 cannot be read" in one_line(found.stderr)
    assert rights.dump(app) == before


def test_an_old_copy_forgets_by_command(
    app: Flask, run: Any, clock: Clock, settings: Settings
) -> None:
    clock.at = datetime.now(UTC) - timedelta(hours=1)
    keep(app, the_call(app), people.ben)
    key = rights.key_of(app)
    settings.journal_path.write_text(
        f"{datetime.now(UTC).isoformat()} erased amazon {key.hex()}\n", encoding="ascii"
    )
    said = "1 signatures erased before, back from an old copy"
    assert run("retention", "run", "--dry-run").stdout == f"{said} would go\n"
    assert run("retention", "run").stdout == f"{said} erased\n"
    assert rights.ids(app) == []


def test_each_call_is_given_its_time(app: Flask, run: Any) -> None:
    found = run("campaign", "retention", "amazon", "--months", "6", "--yes")
    assert (found.exit_code, found.stdout) == (0, "amazon: kept for 6 months after closing\n")
    assert rows(app, "SELECT retention_months FROM campaigns") == [(6,)]
    for words in (("--months", "-1"), ("--months", "601"), ("--months", "x"), ()):
        assert run("campaign", "retention", "amazon", *words).exit_code == 2
    found = run("campaign", "retention", "nothing", "--months", "6")
    assert found.exit_code == 1
    assert "no campaign called nothing" in one_line(found.stderr)
    assert rows(app, "SELECT retention_months FROM campaigns") == [(6,)]


def test_what_an_export_must_let_go(app: Flask, run: Any, tmp_path: Path, clock: Clock) -> None:
    for number in range(3):
        keep(app, the_call(app), people.someone(number))
    for entry_id in entries(app):
        confirm(app, entry_id)
    rights.take_out(app)
    empty = run("recall", "1", "-o", "-")
    assert (empty.exit_code, empty.stdout) == (0, "signature_id,recalled_because,recalled_at\n")
    rights.withdraw(app, 3)
    rights.erase(app, 1)
    path = tmp_path / "recall.csv"
    found = run("recall", "1", "-o", str(path))
    assert (found.exit_code, found.stdout) == (0, "")
    assert path.read_text("ascii").splitlines() == [
        "signature_id,recalled_because,recalled_at",
        "1,erased,2026-11-02T09:30:00Z",
        "3,withdrawn,2026-11-02T09:30:00Z",
    ]
    assert oct(path.stat().st_mode & 0o777) == "0o600"


@pytest.mark.each_case_on_both
@pytest.mark.parametrize("number", ["2", "9223372036854775807"])
def test_an_export_that_is_not_there(app: Flask, run: Any, tmp_path: Path, number: str) -> None:
    path = tmp_path / "recall.csv"
    found = run("recall", number, "-o", str(path))
    assert found.exit_code == 1
    assert f"there is no export {number}" in one_line(found.stderr)
    assert not path.exists()


@pytest.mark.parametrize("number", ["0", "-1", "x", "9223372036854775808"])
def test_what_is_no_number_of_an_export(app: Flask, run: Any, number: str) -> None:
    assert run("recall", "-o", "-", "--", number).exit_code == 2


@pytest.mark.each_case_on_both
@pytest.mark.parametrize("state", ["withdrawn", "erased"])
def test_who_withdrew_cannot_be_exported(app: Flask, run: Any, state: str) -> None:
    words = ("export", "amazon", "--reason", "r", "-o", "-", "--state", state)
    assert run(*words).exit_code == 2

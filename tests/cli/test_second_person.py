"""PETITION_SECOND_PERSON: what start, serve and doctor say where it is off, and what is noted."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from drills.ports import free_port
from petition.cli import main, server
from petition.config import Settings
from petition.keyring import KeyRing

SAID: Final = "one person alone can take long lists out: PETITION_SECOND_PERSON is off"


class Idle:
    """In the place of what runs until it is stopped."""

    def __init__(self, *args: object, **more: object) -> None:
        pass

    def run(self) -> None:
        """It has nothing to serve."""

    def end(self) -> None:
        """It has nothing to stop."""


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Of a server in production; its processes end as soon as they have begun."""
    monkeypatch.setattr(server, "Server", Idle)
    monkeypatch.setattr(server, "_Helper", Idle)
    (tmp_path / "instance").mkdir(mode=0o700)
    before = signal.getsignal(signal.SIGTERM)
    yield {
        "PETITION_ENV": "production",
        "PETITION_INSTANCE": str(tmp_path / "instance"),
        "PETITION_BASE_URL": "https://petition.example.org",
        "PETITION_SECRET_KEY": "s" * 43,
        "PETITION_VAULT_KEY": KeyRing.generate_text(),
        "SMTP_URL": "smtps://mail.example.org:465",
        "PETITION_TRUSTED_PROXIES": "1",
        "PORT": str(free_port()),
    }
    signal.signal(signal.SIGTERM, before)


def noted(tmp_path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(tmp_path / "instance" / "petition.db")) as database:
        query = "SELECT outcome FROM audit WHERE action = 'second person' ORDER BY number"
        return database.execute(query).fetchall()


def test_start_and_serve_say_it_each_time_and_note_it_once(
    environ: dict[str, str], tmp_path: Path
) -> None:
    off = environ | {"PETITION_SECOND_PERSON": "off"}
    for command in ("start", "serve", "serve"):
        done = CliRunner(env=off).invoke(main, [command])
        assert done.exit_code == 0, done.output
        assert f"warning: {SAID}\n" in done.stderr
    assert noted(tmp_path) == [("off",)]
    for command in ("serve", "start"):
        done = CliRunner(env=environ).invoke(main, [command])
        assert done.exit_code == 0, done.output
        assert SAID not in done.stderr
    assert noted(tmp_path) == [("off",), ("on",)]


@pytest.mark.parametrize(
    ("env", "setting", "verdict"),
    [
        ("production", False, "warning"),
        ("production", True, "ok"),
        ("development", False, "ok"),
    ],
)
def test_what_doctor_says(settings: Settings, env: str, setting: bool, verdict: str) -> None:
    looked_at = replace(settings, env=env, second_person=setting)
    lines = import_module("petition.cli.doctor")._settings(looked_at)
    found = [line for line in lines if line.name == "PETITION_SECOND_PERSON"]
    assert found[-1].verdict == verdict
    assert ("one person alone can take a list" in found[-1].words) == (verdict == "warning")

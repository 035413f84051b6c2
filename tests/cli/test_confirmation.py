"""What cannot be undone: asked about on a terminal, and refused to a script without `--yes`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from petition.cli import confirmation, main
from petition.config import Settings
from tests import console, people
from tests.cli.conftest import environ_of, one_line
from tests.factories import keep, rows, the_call

pytestmark = pytest.mark.slow

ASKED = {
    "erase": ("signature", "erase", "1"),
    "retention": ("campaign", "retention", "amazon", "--months", "6"),
    "accept-secret": ("vault", "accept-secret"),
    "disable": ("staff", "disable", "sam@example.org"),
}
SAYS = {
    "erase": "erasing signature 1",
    "retention": "keeping the signatures of amazon for fewer months",
    "accept-secret": "breaking the links and codes that were mailed before",
    "disable": "disabling sam@example.org",
}
DONE = {
    "erase": "1: erased\n",
    "retention": "amazon: kept for 6 months after closing\n",
    "accept-secret": "PETITION_SECRET_KEY is this database's own from now on\n",
    "disable": "sam@example.org: disabled\n",
}
Answer = Callable[..., Result]


def _left(app: Flask) -> tuple[list[tuple[object, ...]], ...]:
    return (
        rows(app, "SELECT id FROM signatures"),
        rows(app, "SELECT retention_months FROM campaigns"),
        rows(app, "SELECT * FROM key_checks ORDER BY 1"),
        rows(app, "SELECT disabled FROM staff"),
    )


@pytest.fixture
def answer(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """answer(words, "y"): the command, with that typed on a terminal; without it, in a script."""
    keep(app, the_call(app), people.ben)
    console.invite(app, "viewer", "sam@example.org")

    def run(*words: str, typed: str | None = None) -> Result:
        monkeypatch.setattr(confirmation, "_is_terminal", lambda: typed is not None)
        return CliRunner(env=environ_of(settings)).invoke(main, words, input=typed)

    return run


@pytest.mark.parametrize("name", ASKED)
def test_a_script_must_say_yes(app: Flask, answer: Answer, name: str) -> None:
    before = _left(app)
    refused = answer(*ASKED[name])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert one_line(refused.stderr) == f"Error: {SAYS[name]} cannot be undone: say --yes to do it"
    assert _left(app) == before
    done = answer(*ASKED[name], "--yes")
    assert (done.exit_code, done.stdout) == (0, DONE[name])


@pytest.mark.parametrize("name", ASKED)
def test_on_a_terminal_it_asks(app: Flask, answer: Answer, name: str) -> None:
    before = _left(app)
    for typed in ("n\n", "\n", ""):
        refused = answer(*ASKED[name], typed=typed)
        assert refused.exit_code == 1
        assert f"{SAYS[name]} cannot be undone. Go on? [y/N]" in refused.stderr
        assert _left(app) == before
    done = answer(*ASKED[name], typed="y\n")
    assert (done.exit_code, done.stdout) == (0, DONE[name])


def test_keeping_them_for_longer_is_not_asked_about(answer: Answer) -> None:
    assert answer("campaign", "retention", "amazon", "--months", "24").exit_code == 0

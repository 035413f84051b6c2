"""The line at the start: it names database and mail server, and neither a user nor a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from petition.cli.start_line import start_line
from petition.config import load


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ["SQLite {0}/petition.db", "to files in {0}/outbox"]),
        (
            {"DATABASE_URL": "postgresql://owner:hush@db1:5432,db2:5433/calls"},
            ["PostgreSQL calls at db1, db2"],
        ),
        (
            {"DATABASE_URL": "postgresql:///calls?host=/run/postgresql&password=hush&user=owner"},
            ["PostgreSQL calls at /run/postgresql"],
        ),
        ({"SMTP_URL": "smtps://owner:hush@mail.example.org:465"}, ["by mail.example.org:465"]),
        ({"SMTP_URL": "smtp://owner:hush@mail:25"}, ["by mail:25, unencrypted"]),
    ],
)
def test_it_says_which_and_no_secret(
    tmp_path: Path, settings: dict[str, str], said: list[str]
) -> None:
    line = start_line("works", load({"PETITION_INSTANCE": str(tmp_path), **settings}))
    assert line.startswith("petition ")
    assert "\n" not in line
    for each in said:
        assert each.format(tmp_path) in line
    assert "hush" not in line
    assert "owner" not in line

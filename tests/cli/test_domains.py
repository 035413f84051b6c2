"""`petition campaign domains`: the target's own mail, listed and edited."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.factories import rows


def test_it_lists_one_a_line(app: Flask, run: Any) -> None:
    found = run("campaign", "domains", "amazon")
    assert found.exit_code == 0
    lines = found.stdout.splitlines()
    assert "amazon.*" in lines
    assert lines == sorted(lines)


def test_it_adds_and_removes_and_prints_what_is_then(app: Flask, run: Any) -> None:
    before = run("campaign", "domains", "amazon").stdout.splitlines()
    found = run(
        *("campaign", "domains", "amazon", "--add", "@Corp.Example.org", "--add", "kuiper.*"),
        *("--remove", "a2z.com", "--remove", "never.example.org"),
    )
    assert found.exit_code == 0
    assert found.stdout.splitlines() == sorted(
        {*before, "corp.example.org", "kuiper.*"} - {"a2z.com"}
    )
    assert found.stderr == "never.example.org: was not on the list\n"
    audit = rows(app, "SELECT action, outcome, detail FROM audit ORDER BY id")
    assert audit == [
        ("target domain", "added", "amazon: corp.example.org"),
        ("target domain", "added", "amazon: kuiper.*"),
        ("target domain", "removed", "amazon: a2z.com"),
    ]
    ((who,),) = rows(app, "SELECT DISTINCT who FROM audit")
    assert str(who).startswith("cli")


@pytest.mark.parametrize(
    ("text", "said"), [("amazon", "is written like"), ("gmail.com", "private address")]
)
def test_what_is_no_domain_is_misuse(app: Flask, run: Any, text: str, said: str) -> None:
    before = rows(app, "SELECT * FROM target_domains ORDER BY pattern")
    found = run("campaign", "domains", "amazon", "--add", "new.example.org", "--add", text)
    assert found.exit_code == 2
    assert said in found.stderr
    assert rows(app, "SELECT * FROM target_domains ORDER BY pattern") == before


def test_a_campaign_that_is_not_there(run: Any) -> None:
    found = run("campaign", "domains", "nowhere", "--add", "x.example.org")
    assert found.exit_code == 1
    assert found.stderr == "Error: there is no campaign called nowhere\n"

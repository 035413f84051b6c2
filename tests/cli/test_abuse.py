"""`petition abuse …`, and what start and doctor say of senders who cannot be told apart."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask

from drills.ports import free_port
from petition.config import load
from petition.domain.abuse.actions import Action
from petition.services.abuse import limits
from petition.services.abuse.senders import HIDDEN, LIKELY, Peer, likely_doubt
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests.factories import rows


def test_status_says_numbers_and_names_nobody(app: Flask, run: Any) -> None:
    deps = dependencies_of(app)
    at = deps.now()
    sender = deps.senders.of(Peer(address="203.0.113.9", forwarded=False), at=at)
    with transaction() as session:
        for _ in range(12):
            limits.count(session, sender, Action.STAFF_SIGN_IN, at=at)
    found = run("abuse", "status", "--json")
    assert found.exit_code == 0
    document = json.loads(found.stdout)
    assert document["waiting"] == {"letters": 0, "until": None, "senders": 0}
    assert set(document["today"]) == set(Action)
    plain = run("abuse", "status")
    assert "0 letters of 0 senders wait their turn" in plain.stdout
    for said in (plain.stdout, found.stdout):
        assert "203.0.113" not in said


def test_a_place_is_widened_listed_and_narrowed(app: Flask, run: Any) -> None:
    found = run("abuse", "widen", "203.0.113.7/24", "--hours", "4", "--factor", "5")
    assert found.stdout == "203.0.113.0/24: limits are 5 times as wide for 4 hours\n"
    run("abuse", "widen", "203.0.113.0/24", "--hours", "6")  # anew, not a second time
    listed = run("abuse", "list").stdout.splitlines()
    assert len(listed) == 1
    assert listed[0].startswith("203.0.113.0/24  10 times  until ")
    assert "the usual limits again" in run("abuse", "narrow", "203.0.113.0/24").stdout
    assert "had the usual limits" in run("abuse", "narrow", "203.0.113.0/24").stdout
    assert run("abuse", "list").stdout == ""
    assert rows(app, "SELECT action, detail FROM audit ORDER BY id") == [
        ("widen limits", "a /24 of IPv4: 5 times, 4 hours"),
        ("widen limits", "a /24 of IPv4: 10 times, 6 hours"),
        ("narrow limits", "a /24 of IPv4"),
    ]


@pytest.mark.parametrize("cidr", ["nowhere", "10.0.0.0/8", "::/0", "", "1.2.3.4/99", "9" * 5000])
def test_what_is_no_place_is_one_line(app: Flask, run: Any, cidr: str) -> None:
    for words in (("widen", "--hours", "4", "--", cidr), ("narrow", "--", cidr)):
        found = run("abuse", *words)
        assert found.exit_code == 1
        assert found.stderr.count("\n") == 1
        assert found.stderr.startswith("Error: This is")


@pytest.mark.parametrize("hours", ["0", "169", "x", "-1"])
def test_hours_have_bounds(run: Any, hours: str) -> None:
    assert run("abuse", "widen", "203.0.113.0/24", "--hours", hours).exit_code == 2


def test_doctor_says_that_senders_are_hidden(app: Flask, run: Any) -> None:
    assert "each sender is counted by itself" in run("doctor").stdout
    deps = dependencies_of(app)
    deps.senders.of(Peer(address="10.0.0.1", forwarded=True), at=deps.now())
    assert HIDDEN in run("doctor").stdout


@pytest.mark.parametrize("command", ["start", "serve"])
def test_what_starts_the_server_says_that_senders_are_hidden(
    app: Flask, run: Any, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petition.cli.server.Server", Mock())
    monkeypatch.setattr("petition.cli.server._Helper", Mock())

    def said(**environ: str) -> str:
        found = run(command, PORT=str(free_port()), **environ)
        assert found.exit_code == 0, found.output
        return str(found.stderr)

    assert "warning: " not in said()
    https = {"PETITION_BASE_URL": "https://a.example"}
    assert f"warning: {LIKELY}\n" in said(**https)
    assert "warning: " not in said(**https, PETITION_TRUSTED_PROXIES="1")
    deps = dependencies_of(app)
    deps.senders.of(Peer(address="10.0.0.1", forwarded=True), at=deps.now())
    assert f"warning: {HIDDEN}\n" in said()
    assert "warning: " not in said(PETITION_TRUSTED_PROXIES="1")


def test_https_without_a_trusted_proxy_is_likely_wrong(tmp_path: Any) -> None:
    base = {"PETITION_INSTANCE": str(tmp_path), "PETITION_BASE_URL": "https://a.example"}
    assert likely_doubt(load(base)) == LIKELY
    assert likely_doubt(load(base | {"PETITION_TRUSTED_PROXIES": "1"})) is None
    assert likely_doubt(load({"PETITION_INSTANCE": str(tmp_path)})) is None

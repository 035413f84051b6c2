"""`petition staff list` and `petition staff reset-2fa`."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Flask

from petition.domain.staff.roles import Right
from tests import console
from tests.cli.conftest import one_line
from tests.factories import change, rows

OWNER = console.address("owner")


def test_the_list_has_every_account(app: Flask, run: Any) -> None:
    console.enter(app)
    console.invite(app, "viewer", campaign="amazon", also=[Right.EXPORT])
    run("staff", "disable", console.address("viewer"), "--yes")
    owner, viewer = run("staff", "list").stdout.splitlines()
    assert re.fullmatch(
        rf"{OWNER}: owner on all campaigns, second factor \(app\), seen [-\d]+ [:\d]+ UTC", owner
    )
    assert viewer == (
        f"{console.address('viewer')}: viewer + export on amazon, no second factor, never seen,"
        " disabled"
    )
    first, second = json.loads(run("staff", "list", "--json").stdout)
    assert (first["email"], first["second_factor"], first["disabled"]) == (OWNER, True, False)
    assert second["roles"] == ["viewer + export on amazon"]
    assert (second["last_seen"], second["disabled"]) == (None, True)


def test_a_link_for_a_lost_factor(app: Flask, run: Any) -> None:
    client = console.enter(app)
    found = run("staff", "reset-2fa", OWNER.upper(), "--reason", "stolen")
    assert found.exit_code == 0
    path = re.fullmatch(r"http://127\.0\.0\.1:8000(/staff/lost-factor/\S{43,})\n", found.stdout)
    assert path
    assert client.get("/staff/").status_code == 303, "signed out"
    noted = rows(app, "SELECT detail FROM audit WHERE action = 'reset second factor'")
    assert noted == [(f"{OWNER}: stolen",)]


def test_there_must_be_one_to_lose(app: Flask, run: Any) -> None:
    console.invite(app, "viewer")
    refused = run("staff", "reset-2fa", console.address("viewer"), "--reason", "other")
    assert refused.exit_code == 1
    assert "has no second factor yet" in one_line(refused.stderr)
    assert run("staff", "reset-2fa", "nobody@example.org", "--reason", "other").exit_code == 1
    assert run("staff", "reset-2fa", OWNER).exit_code == 2
    said = run("staff", "reset-2fa", OWNER, "--reason", "her phone is gone, call 0151 2345")
    assert said.exit_code == 2
    assert rows(app, "SELECT count(*) FROM audit WHERE detail LIKE '%0151%'") == [(0,)]


def test_doctor_counts_whom_nothing_but_a_passkey_lets_in(app: Flask, run: Any) -> None:
    here, nowhere = "http://localhost:8000", "http://127.0.0.1:8000"
    for email in ("a@example.org", "b@example.org", "c@example.org"):
        run("staff", "invite", email, "--role", "editor")
    change(app, "UPDATE staff SET passkeys = 1 WHERE email <> 'c@example.org'")
    words = "2 of staff have no other second factor"
    assert words in run("doctor", PETITION_BASE_URL=nowhere).stdout
    assert words not in run("doctor", PETITION_BASE_URL=here).stdout, "they work there"
    change(app, "UPDATE staff SET disabled = true WHERE email = 'a@example.org'")
    change(app, "UPDATE staff SET totp_sealed = :secret WHERE email = 'b@example.org'", secret=b"x")
    assert "no other second factor" not in run("doctor", PETITION_BASE_URL=nowhere).stdout

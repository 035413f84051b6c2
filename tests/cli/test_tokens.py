"""`petition token …`: made and printed once, listed by how each begins, revoked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import api_tokens, partner_sites
from tests.programs import kind


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_adding_listing_and_revoking(app: Flask, client: FlaskClient, run: Any) -> None:
    assert run("token", "list", "amazon").stdout == "none\n"
    key = partner_sites.make(app)
    made = run("token", "add", "amazon", "--partner", key, "--scope", "withdrawals:read")
    assert made.exit_code == 0, made.stderr
    token = made.stdout.strip()
    assert api_tokens.read(client, token, "withdrawals").status_code == 200
    assert kind(api_tokens.read(client, token)) == "not-allowed"
    (listed,) = json.loads(run("token", "list", "amazon", "--json").stdout)
    assert (listed["token"], listed["partner"]) == (token[:12], key)
    assert listed["scopes"] == ["withdrawals:read"]
    assert listed["made_by"].startswith("cli")
    line = run("token", "list", "amazon").stdout
    assert line.startswith(f"{token[:12]}…  good")
    assert token not in line
    assert run("token", "revoke", token[:12]).stdout == f"{token[:12]}: revoked\n"
    assert "  revoked  Union" in run("token", "list", "amazon").stdout
    assert kind(api_tokens.read(client, token, "withdrawals")) == "no-token"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_is_one_line(app: Flask, run: Any) -> None:
    for words, said in (
        (("add", "nothing"), "nothing"),
        (("add", "amazon", "--partner", "0" * 16), "no partner with the key"),
        (("add", "amazon", "--days", "367"), "1 to 366 days"),
        (("revoke", "ptk_nobodys1"), "no token that begins with"),
    ):
        found = run("token", *words)
        assert found.exit_code == 1, words
        assert said in found.stderr, words

"""`petition partner …` and the count by partner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyrage
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories, partner_sites, people

TERMS = ("--privacy", "https://union.example.org/privacy", "--contact", "paula@example.org")
SITE = ("--site", "https://a.example")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_adding_prints_what_is_pasted(app: Flask, run: Any) -> None:
    site = ("--site", "https://union.example.org/x")
    made = run("partner", "add", "amazon", "Union", *site, *TERMS)
    assert made.exit_code == 0
    assert "/accept/" in made.stderr
    (line,) = made.stdout.splitlines()
    (partner,) = json.loads(run("partner", "list", "amazon", "--json").stdout)
    assert f'data-partner="{partner["key"]}"' in line
    assert partner["sites"] == ["https://union.example.org"]
    assert (partner["name"], partner["state"]) == ("Union", "live")
    assert partner["made_by"].startswith("cli")
    key = partner["key"]
    assert f"{key}  waits" in run("partner", "list", "amazon").stdout
    link = run("partner", "terms", key, *TERMS, "--controller", "Union e. V.").stdout.strip()
    app.test_client().post("/accept/" + link.rpartition("/")[2], data={"name": "Paula"})
    assert run("partner", "terms", key, *TERMS, "--controller", "Union e. V.").stdout == (
        "accepted already\n"
    )
    assert f"{key}  live" in run("partner", "list", "amazon").stdout
    for text, said in (("Yes.", "asked"), ("Yes.", "as before"), ("", "not asked")):
        assert run("partner", "question", key, "en", text).stdout == f"{said}\n"


@on_sqlite
def test_blocking_and_lifting(app: Flask, run: Any) -> None:
    assert run("partner", "list", "amazon").stdout == "none\n"
    key = partner_sites.make(app)
    for verb, words in (("block", "blocked"), ("block", "was blocked"), ("lift", "goes on")):
        assert run("partner", verb, key).stdout == f"{key}: {words}\n"
    assert run("partner", "lift", key).stdout == f"{key}: was not blocked\n"
    assert f"{key}  live" in run("partner", "list", "amazon").stdout
    log = factories.rows(app, "SELECT outcome FROM audit WHERE action = 'partner' ORDER BY id")
    assert log == [("added",), ("terms",), ("accepted",), ("blocked",), ("live",)]


@on_sqlite
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("add", "nothing", "Union", "--site", "https://a.example", *TERMS),
            "no campaign called nothing",
        ),
        (
            ("add", "amazon", "Union", "--site", "http://a.example", *TERMS),
            "https://union.example.org",
        ),
        (("add", "amazon", "123", "--site", "https://a.example", *TERMS), "name"),
        (("block", "0" * 16), "no partner"),
        (("terms", "0" * 16, *TERMS), "no partner"),
        (("question", "0" * 16, "en", "Yes."), "no partner"),
        (("list", "nothing"), "no campaign called nothing"),
        (("link", "0" * 16), "no partner"),
        (("new-key", "0" * 16), "no partner"),
        (("link", "0" * 16, "--days", "401"), "1 to 400 days"),
        (("link", "0" * 16, "--revoke"), "no partner"),
    ],
)
def test_what_cannot_be_is_one_line(
    app: Flask, run: Any, words: tuple[str, ...], said: str
) -> None:
    found = run("partner", *words)
    assert found.exit_code == 1
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_the_count_by_partner_names_them(app: Flask, client: FlaskClient, run: Any) -> None:
    key = partner_sites.make(app, "Union")
    partner_sites.sign(client, key, people.ben)
    factories.sign(client, people.cora)
    for entry_id in factories.entries(app):
        factories.confirm(app, entry_id)
    factories.work(app)
    found = json.loads(run("count", "amazon", "--by", "partner", "--format", "json").stdout)
    assert found["counts"] == [
        {"value": "", "confirmed": 1},
        {"value": key, "confirmed": 1, "name": "Union"},
    ]
    assert f"{key} (Union): 1" in run("count", "amazon", "--by", "partner").stdout
    assert run("count", "amazon", "--recount").exit_code == 0
    again = json.loads(run("count", "amazon", "--by", "partner", "--format", "json").stdout)
    assert again["counts"] == found["counts"]


@on_sqlite
def test_a_link_to_the_partners_own_page_is_printed_once_and_revoked(
    app: Flask, client: FlaskClient, run: Any
) -> None:
    key = partner_sites.make(app)
    made = run("partner", "link", key, "--days", "7")
    (line,) = made.stdout.splitlines()
    place = "/partner/" + line.rpartition("/")[2]
    assert client.get(place).status_code == 200
    assert run("partner", "link", key, "--revoke").stdout == f"{key}: revoked\n"
    assert run("partner", "link", key, "--revoke").stdout == f"{key}: had no link\n"
    assert client.get(place).status_code == 404


@on_sqlite
def test_its_list_leaves_encrypted_to_its_key(app: Flask, run: Any, tmp_path: Path) -> None:
    key = partner_sites.asking(app)
    path = tmp_path / "list.csv.age"
    taken = ("export", "amazon", "--reason", "news", "-o", str(path), "--for", f"partner:{key}")
    refused = run(*taken)
    assert (refused.exit_code, path.exists()) == (1, False)
    assert "it has given no key" in refused.stderr
    link = run("partner", "new-key", key).stdout.strip()
    identity = pyrage.x25519.Identity.generate()
    yes = {"name": "Paula", "recipient": str(identity.to_public())}
    assert app.test_client().post(link, data=yes).status_code == 303
    partner_sites.keep(app, key, people.ben)
    factories.confirm(app, factories.entries(app)[0])
    assert run(*taken).exit_code == 0
    assert people.ben["email"] in pyrage.decrypt(path.read_bytes(), [identity]).decode()
    mine = ("export", "amazon", "--reason", "archive", "-o", str(path), "--age-recipient")
    assert run(*mine, str(identity.to_public())).exit_code == 0
    assert b"signature_id" in pyrage.decrypt(path.read_bytes(), [identity])
    for words, said in (
        ((*mine, "age1x"), "takes a public key"),
        ((*mine, str(identity)), "secret part"),
        ((*taken, "--age-recipient", str(identity.to_public())), "own key alone"),
        ((*taken, "--updates", "yes"), "takes no choice"),
        ((*taken[:-1], "partner:"), "partner:KEY"),
        ((*taken[:-1], "authority"), "partner:KEY"),
    ):
        wrong = run(*words)
        assert (wrong.exit_code, said in wrong.stderr) == (2, True), wrong.stderr
        assert str(identity) not in wrong.stderr


@on_sqlite
def test_the_targets_list_by_its_newer_name(app: Flask, run: Any) -> None:
    taken = ("export", "amazon", "--reason", "r", "-o", "-")
    first = run(*taken, "--for-target").stdout.splitlines()[0]
    assert run(*taken, "--for", "target").stdout.splitlines()[0] == first

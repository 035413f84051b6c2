"""docs/partners.md, tried: each line to paste is what the program gives, and works."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pyrage
import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition import assets
from petition.assets import EMBED
from petition.services.exports import csv_file
from petition.services.partners.snippets import Snippets, snippets
from petition.store.db import reading, transaction
from petition.store.partners import partners
from petition.web.http.dependencies import dependencies_of
from tests import factories, partner_sites, people, rights

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ROOT: Final = Path(__file__).parents[2]
GUIDE: Final = (ROOT / "docs" / "partners.md").read_text(encoding="utf-8")
PLUGIN: Final = (ROOT / "contrib" / "wordpress" / "petition.php").read_text(encoding="utf-8")
HOST: Final = "https://petition.example.org"
LINES: Final = [line.strip() for line in GUIDE.splitlines() if line.startswith("    ")]
"""What it tells to paste."""


DECRYPT: Final = "age --decrypt -i key.txt list.csv.age > list.csv"


def given(app: Flask, key: str) -> Snippets:
    """What the console and `petition partner add` give this partner."""
    with app.app_context(), reading() as session:
        found = partners.by_key(session, key)
    assert found is not None
    return snippets(HOST, found, language="en", words="Sign the call")


def test_each_line_is_one_that_the_program_gives(app: Flask) -> None:
    key = partner_sites.make(app)
    pasted = given(app, key)
    known = {
        pasted.script,
        pasted.frame,
        pasted.picture,
        pasted.badge,
        pasted.address,
        f'[petition url="{pasted.address}"]',
        f"script-src {HOST}; frame-src {HOST}; img-src {HOST}",
        f"{HOST}/ar/amazon?source=your-union",
        DECRYPT,
    }
    assert {line.replace("KEY", key) for line in LINES} == known
    assert '"petition"' in PLUGIN or "'petition'" in PLUGIN


def test_each_address_in_it_answers(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    found = re.findall(rf'{re.escape(HOST)}(/[^\s"`<\]]*)', "\n".join(LINES))
    paths = {html.unescape(each).replace("KEY", key) for each in found}
    assert {urlsplit(each).path for each in paths} == {
        "/embed.js",
        "/embed/amazon",
        "/en/amazon",
        "/en/amazon/card.png",
        "/badge/amazon.svg",
        "/ar/amazon",
    }
    for each in paths:
        assert client.get(each).status_code == 200, each


def test_its_list_opens_with_the_key_that_it_is_told_to_make(app: Flask, tmp_path: Path) -> None:
    """As the line says, by another program of the same format: age itself is not installed."""
    assert "`age-keygen -o key.txt`" in GUIDE
    key = partner_sites.asking(app)
    identity = partner_sites.give_key(app, key)
    partner_sites.keep(app, key, people.ben)
    factories.confirm(app, factories.entries(app)[0])
    (tmp_path / "key.txt").write_text(f"# public key: {identity.to_public()}\n{identity}\n")
    deps = dependencies_of(app)
    order = rights.order(partner=key)
    with app.app_context():
        chunks = csv_file.export(
            order, deps.vault, reading=reading, transaction=transaction, now=deps.now
        )
        (tmp_path / "list.csv.age").write_bytes(b"".join(chunks))
    _age, _decrypt, _i, key_file, encrypted, _to, _list = DECRYPT.split()
    secret = (tmp_path / key_file).read_text().splitlines()[-1]
    opened = pyrage.decrypt(
        (tmp_path / encrypted).read_bytes(), [pyrage.x25519.Identity.from_str(secret)]
    )
    assert people.ben["email"].encode() in opened


def test_it_names_what_the_script_reads_and_says(app: Flask) -> None:
    script = assets.content(EMBED).decode()
    read = re.search(r"const \{([^}]+)\} = script\.dataset", script)
    assert read
    names = {each.split("=")[0].strip() for each in read[1].split(",")}
    assert set(re.findall(r"`data-(\w+)`", GUIDE)) == names
    said = set(re.findall(r'tell\("(\w+)"\)', script))
    assert set(re.findall(r"`petition:(\w+)`", GUIDE)) == said


def test_the_demo_partner_has_the_policy_that_it_names(app: Flask, client: FlaskClient) -> None:
    """And no other: what the demo page shows, any page with such a policy can show."""
    partner_sites.make_demo(app)
    policy = client.get("/dev/partner").headers["Content-Security-Policy"]
    for directive in next(line for line in LINES if "script-src" in line).split("; "):
        assert directive.replace(HOST, "http://127.0.0.1:8000") in policy

"""Mallory abuses: what she types lands harmless in the page, the letter and the list."""

from __future__ import annotations

import csv
import io
import re

from flask import Flask
from flask.testing import FlaskClient

from tests import console, factories, people

PAYLOADS = [people.mallory[field] for field in ("given_name", "family_name", "postcode", "comment")]

SCRIPT = re.compile(r"<script[^>]*>")


def test_payloads_land_harmless(app: Flask, client: FlaskClient) -> None:
    again = factories.sign(client, people.mallory | {"country": ""}).get_data(as_text=True)
    # Our own scripts, as on the page that nobody has filled in, and no other.
    blank = client.get("/en/amazon").get_data(as_text=True)
    assert SCRIPT.findall(again) == SCRIPT.findall(blank)
    assert "<img" not in again
    assert factories.sign(client, people.mallory).status_code == 303
    factories.work(app)
    (letter,) = factories.letters(app)
    written = letter.as_string() + "".join(
        part.get_content() for part in letter.walk() if part.get_content_maintype() == "text"
    )
    for payload in PAYLOADS:
        assert payload not in written
    assert "script" not in written.lower()
    assert "SUM" not in written
    link = factories.link_in(letter)
    page = client.get(link).get_data(as_text=True)
    assert "SUM" not in page
    client.post(link)
    factories.work(app)

    staff = console.enter(app)
    listed = console.export(staff, reason="=1+1<script>").get_data(as_text=True)
    (row,) = csv.DictReader(io.StringIO(listed, newline=""))
    assert row["given_name"] == "'" + people.mallory["given_name"]
    assert row["family_name"] == "'" + people.mallory["family_name"]
    assert row["postcode"] == "'" + people.mallory["postcode"].upper()
    assert row["comment"] == "'" + people.mallory["comment"]
    assert row["utm_source"] == ""
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    page = staff.get("/staff/campaigns/amazon").get_data(as_text=True)
    assert "<script" not in page


def test_no_header_of_a_letter_can_be_written_from_the_form(
    app: Flask, client: FlaskClient
) -> None:
    for control in people.CONTROLS:
        factories.sign(client, people.mallory | {"given_name": control})
        factories.sign(client, people.mallory | {"email": f"m@example.org{control}"})
    factories.sign(client, people.mallory | {"utm_source": "x\r\nBcc: victim@example.org"})
    factories.work(app)
    for letter in factories.letters(app):
        assert letter["Bcc"] is None
        assert letter["Cc"] is None
        assert "victim" not in letter.as_string()


def test_robots_that_fill_every_field_are_not_taken(app: Flask, client: FlaskClient) -> None:
    answer = factories.sign(client, people.mallory | {"subject": "http://evil.example"})
    assert answer.status_code == 422
    assert factories.rows(app, "SELECT * FROM signatures") == []

"""Amina signs once: her letter, her click, the count, and the list that staff take out."""

from __future__ import annotations

import csv
import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import console, factories, people


def count(client: FlaskClient, lang: str = "en") -> int:
    page = client.get(f"/{lang}/amazon").get_data(as_text=True)
    return int(page.partition('max="100" value="')[2].partition('"')[0])


def test_from_the_form_to_the_list(app: Flask, client: FlaskClient) -> None:
    assert factories.sign(client, people.amina, lang="ar").status_code == 303
    assert factories.work(app) == 1
    (letter,) = factories.letters(app)
    assert str(letter["To"]) == people.amina["email"]
    assert letter["Content-Language"] == "ar"
    assert count(client) == 0

    phone = app.test_client()  # the letter is opened elsewhere
    link = factories.link_in(letter)
    page = phone.get(link)
    assert page.status_code == 200
    assert 'dir="rtl"' in page.get_data(as_text=True)
    assert people.amina["given_name"] not in page.get_data(as_text=True)
    answer = phone.post(link)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ar/amazon/confirmed")
    factories.work(app)
    assert count(client) == 1
    assert count(client, "ar") == 1

    listed = console.export(console.enter(app)).get_data(as_text=True)
    (row,) = csv.DictReader(io.StringIO(listed, newline=""))
    for field in ("given_name", "family_name", "email", "country", "postcode", "comment"):
        assert row[field] == people.amina[field]
    assert (row["state"], row["language"], row["updates_consent"]) == ("confirmed", "ar", "yes")
    assert row["visibility"] == "public"
    assert len(row["consent_text_sha256"]) == 64


@pytest.mark.parametrize("form", people.SIGNERS, ids=lambda form: form["email"])
def test_a_letter_tells_a_lock_screen_nothing(
    app: Flask, client: FlaskClient, form: people.Form
) -> None:
    """Neither subject, sender nor first lines say what it is about, or repeat what was typed."""
    factories.sign(client, form)
    factories.work(app)
    (letter,) = factories.letters(app)
    body = letter.get_body(("plain",))
    assert body is not None
    # The link's random part spells anything, now and then.
    read = re.sub(r"(/confirm/)\S+", r"\1", body.get_content())
    whole = f"{letter['Subject']} {letter['From']} {read}".lower()
    assert "/confirm/" in whole
    for word in ("amazon", "union", "petition", "strike", "worker"):
        assert word not in whole.replace(form["email"].lower(), "")
    for field in ("given_name", "family_name", "postcode", "comment"):
        if form.get(field):
            assert form[field].lower() not in whole

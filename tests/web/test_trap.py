"""The trap for robots: never in a person's way for longer than one message."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition import i18n
from tests import factories, people

FIELD = re.compile(r'<div class="([^"]*)"( aria-hidden="true")?>\s*<label for="subject">')
INPUT = re.compile(r'<input id="subject"[^>]*>')


def post(client: FlaskClient, answer: Answer, lang: str = "en", **changes: str) -> Answer:
    """Send the form of this page, as a person would who filled it in."""
    text = answer.get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))
    return client.post(f"/{lang}/amazon/sign", data=hidden | people.ben | changes)


def seen(answer: Answer) -> bool:
    """True when people see the field, by eye or by ear."""
    text = answer.get_data(as_text=True)
    box, field = FIELD.search(text), INPUT.search(text)
    assert box
    assert field
    assert 'value=""' in field[0], "it is never shown filled in"
    hidden = "trap" in box[1]
    assert hidden == bool(box[2]) == ('tabindex="-1"' in field[0])
    return not hidden


@pytest.mark.parametrize("lang", i18n.codes())
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_had_it_filled_in_sees_it_and_gets_through(
    app: Flask, client: FlaskClient, lang: str
) -> None:
    page = client.get(f"/{lang}/amazon")
    assert not seen(page)
    caught = post(client, page, lang, subject="Mr")
    assert caught.status_code == 422
    assert seen(caught)
    text = caught.get_data(as_text=True)
    message = i18n.language(lang).gettext(
        "This field is only there to stop robots. Perhaps your browser filled it in. Please "
        "make sure it is empty, then sign again."
    )
    assert text.count(message) == 2, "in the summary and beside the field"
    assert '<a href="#subject">' in text
    field = INPUT.search(text)
    assert field
    assert 'aria-describedby="subject-problem"' in field[0]
    assert 'aria-invalid="true"' in field[0]
    assert factories.rows(app, "SELECT count(*) FROM entries") == [(0,)]
    assert post(client, caught, lang).status_code == 303


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_stays_in_sight_while_other_things_are_put_right(client: FlaskClient) -> None:
    """Else a filler would fill it in behind a person's back again."""
    caught = post(client, client.get("/en/amazon"), subject="Mr", agree="")
    other = post(client, caught, agree="")
    assert (other.status_code, seen(other)) == (422, True)
    assert "subject-problem" not in other.get_data(as_text=True)
    asked = post(client, other, email="ben@gmial.com")
    assert (asked.status_code, seen(asked)) == (422, True)
    again = post(client, asked, email="ben@gmial.com", subject="Mr")
    assert (again.status_code, seen(again)) == (422, True)
    assert post(client, again, email="ben@gmial.com").status_code == 303


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_robot_that_fills_in_everything_never_gets_through(
    app: Flask, client: FlaskClient
) -> None:
    answer = client.get("/en/amazon")
    for _ in range(5):
        answer = post(client, answer, subject="https://spam.example", noticed="trap")
        assert answer.status_code == 422
    assert factories.rows(app, "SELECT count(*) FROM entries") == [(0,)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_form_fillers_are_told_to_leave_it_alone(client: FlaskClient) -> None:
    field = INPUT.search(client.get("/en/amazon").get_data(as_text=True))
    assert field
    for attribute in (
        'autocomplete="off"',
        "data-1p-ignore",
        "data-bwignore",
        'data-lpignore="true"',
        'data-form-type="other"',
    ):
        assert attribute in field[0]
    for known in ("name", "mail", "url", "site", "phone", "company", "address", "title"):
        assert known not in field[0].replace('name="subject"', ""), known

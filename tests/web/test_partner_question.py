"""A partner's own question: asked on its sites, kept in its words, shown, and taken back."""

from __future__ import annotations

import csv
import html
import json

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.services.exports.csv_file import columns_of
from petition.store.db import reading
from tests import factories, partner_sites, people, rights

YES = {"partner_updates": "yes"}


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


@pytest.fixture
def key(app: Flask) -> str:
    return partner_sites.asking(app)


def confirmed(app: Flask, client: FlaskClient, key: str, **answers: str) -> str:
    """Ben signs on the partner's site and confirms; the link to his signature."""
    assert partner_sites.sign(client, key, people.ben | answers).status_code == 303
    factories.work(app)
    assert client.post(rights.newest(app, "confirm")).status_code == 303
    factories.work(app)
    return rights.newest(app, "my")


def test_the_frame_asks_it_unticked_with_who_asks(client: FlaskClient, key: str) -> None:
    form = text(client.get(partner_sites.address(key)))
    assert partner_sites.QUESTION in form
    assert "Union e. V. asks this" in form
    assert 'href="https://union.example.org/privacy"' in form
    box = form[form.index('id="partner_updates"') :].partition(">")[0]
    assert "checked" not in box
    assert "required" not in box
    # Nobody wrote it in German, and it stands on that partner's sites alone.
    assert "partner_updates" not in text(client.get(partner_sites.address(key, "de")))
    assert "partner_updates" not in text(client.get("/en/amazon"))


def test_who_ticks_nothing_signs_and_says_no(app: Flask, client: FlaskClient, key: str) -> None:
    confirmed(app, client, key)
    assert factories.rows(app, "SELECT answer FROM consents WHERE purpose = 'partner'") == [("no",)]
    assert partner_sites.learned(app, key) == []
    assert "Take this yes back" not in text(client.get(rights.newest(app, "my")))


def test_from_the_form_to_the_list_and_back(app: Flask, client: FlaskClient, key: str) -> None:
    assert partner_sites.sign(client, key, people.ben | YES).status_code == 303
    factories.work(app)
    link = rights.newest(app, "confirm")
    assert partner_sites.QUESTION in text(client.get(link))
    assert partner_sites.on_list(app, key) == []
    client.post(link)
    factories.work(app)
    assert partner_sites.on_list(app, key) == [1]
    mine = rights.newest(app, "my")
    page = text(client.get(mine))
    for words in (
        partner_sites.QUESTION,
        "News from Union e. V.",
        "https://union.example.org/priv",
    ):
        assert words in page
    (copied,) = json.loads(client.post(f"{mine}/download").get_data())["forms"]
    assert copied["answers"][-1]["purpose"] == "partner"
    assert copied["answers"][-1]["text"].splitlines()[1] == "Union e. V."
    (line,) = csv.DictReader([",".join(columns(app)), *rights.take_out(app)])
    assert (line["partner_consent"], line["partner"]) == ("yes", key)

    assert client.post(f"{mine}/partner").headers["Location"] == f"{mine}?done=partner"
    assert "Your yes is taken back" in text(client.get(f"{mine}?done=partner"))
    assert "Take this yes back" not in text(client.get(mine))
    assert [kind for _, kind, _ in partner_sites.learned(app, key)] == ["opted_in", "withdrawn"]
    assert rights.state(app) == "confirmed"
    client.post(f"{mine}/partner")  # once or ten times the same
    assert len(partner_sites.learned(app, key)) == 2


def columns(app: Flask) -> tuple[str, ...]:
    with app.app_context(), reading() as session:
        return columns_of(session, factories.the_call(app).id)


def test_our_own_page_asks_it_of_who_a_partners_link_led_there(
    app: Flask, client: FlaskClient, key: str
) -> None:
    page = text(client.get(f"/en/amazon?partner={key}"))
    assert partner_sites.QUESTION in page
    assert "partner_updates" not in text(client.get(f"/de/amazon?partner={key}"))
    ticket = partner_sites.TICKET.search(page)
    assert ticket is not None
    form = people.ben | YES | {"ticket": ticket[1]}
    again = text(client.post("/en/amazon/sign", data=form | {"email": ""}))
    box = again[again.index('id="partner_updates"') :].partition(">")[0]
    assert "checked" in box  # what was ticked stays
    assert client.post("/en/amazon/sign", data=form).status_code == 303
    for entry in factories.entries(app):
        factories.confirm(app, entry)
    assert partner_sites.on_list(app, key) == [1]


def test_no_more_emails_means_the_partners_too(app: Flask, client: FlaskClient, key: str) -> None:
    confirmed(app, client, key, **YES)
    unsubscribe = rights.newest(app, "unsubscribe")
    assert "takes that back as well" in text(client.get(unsubscribe))
    client.post(unsubscribe)
    assert partner_sites.on_list(app, key) == []


def test_new_words_change_nobodys_answer(app: Flask, client: FlaskClient, key: str) -> None:
    old = partner_sites.ticket(client, key)
    partner_sites.ask(app, key, "Write to me, please.")
    assert "Write to me, please." in text(client.get(partner_sites.address(key)))
    form = people.ben | YES | {"ticket": old}
    assert client.post(partner_sites.address(key, place="/sign"), data=form).status_code == 303
    ((wording,),) = factories.rows(
        app,
        "SELECT wording FROM consents JOIN consent_texts ON consent_texts.id = consent_text_id"
        " WHERE consents.purpose = 'partner'",
    )
    assert str(wording).splitlines()[0] == partner_sites.QUESTION


def test_a_question_that_was_not_shown_is_not_answered(
    app: Flask, client: FlaskClient, key: str
) -> None:
    """Whatever a program sends: the ticket says what stood on the form."""
    assert factories.sign(client, people.ben | YES).status_code == 303
    partner_sites.ask(app, key, "")
    assert partner_sites.sign(client, key, people.amina | YES).status_code == 303
    assert factories.rows(app, "SELECT id FROM consents WHERE purpose = 'partner'") == []


def test_new_terms_take_the_question_off_until_they_are_accepted(
    app: Flask, client: FlaskClient, key: str
) -> None:
    terms_id = partner_sites.set_terms(app, key, controller="Union International")
    form = client.get(partner_sites.address(key))
    assert form.status_code == 200
    assert "partner_updates" not in text(form)
    partner_sites.accept_these(app, terms_id)
    form = client.get(partner_sites.address(key))
    assert "Union International asks this" in text(form)
    assert partner_sites.QUESTION in text(form)

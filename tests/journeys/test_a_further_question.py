"""A campaign asks more than all do: its further questions go from the form to every list."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse as Answer

from petition.app import SHIPPED
from petition.services.campaigns import content_files
from petition.services.exports.csv_file import COLUMNS
from petition.store.db import db, transaction
from petition.web.http.dependencies import dependencies_of
from petition.web.signing.form_tickets import ticket
from tests import factories, people
from tests.journeys.test_changes_their_mind import my_link, take_out, ticket_in

QUESTIONS = """
[consents.meetings]
question = "May we invite you to meetings?"
yes = "Yes, invite me."
no = "No, do not invite me."
required = false

[consents.partner]
question = "May the partner write to you?"
yes = "Yes, the partner may."
no = "No, the partner may not."

[consents.volunteer]
statement = "I would like to help."
required = false
"""
TICKED = {"meetings_consent": "yes", "partner_updates": "no", "volunteer_consent": "yes"}


@pytest.fixture(autouse=True)
def asking(app: Flask, tmp_path: Path) -> None:
    """The shipped call, in English with three questions more."""
    folder = Path(shutil.copytree(SHIPPED / "amazon", tmp_path / "amazon"))
    with (folder / "en" / "call.toml").open("a", encoding="utf-8") as file:
        file.write(QUESTIONS)
    deps = dependencies_of(app)
    with transaction() as session:
        assert content_files.load(session, folder, organiser="Us", at=deps.now()).changed
    deps.campaign_cache.clear()


def do(client: FlaskClient, link: str, action: str, **fields: str) -> Answer:
    """What a form of one's own page sends."""
    return client.post(link, data={"do": action, **fields})


def page_of(client: FlaskClient, address: str) -> str:
    return client.get(address).get_data(as_text=True)


def answers(app: Flask) -> list[tuple[object, ...]]:
    found = factories.rows(app, "SELECT purpose, answer, way FROM consents ORDER BY id")
    return [row for row in found if row[0] not in ("sign", "updates", "visibility")]


def listed(app: Flask) -> dict[str, str]:
    (row,) = csv.DictReader(take_out(app))
    return row


def test_from_the_form_to_my_page_the_copy_and_the_list(app: Flask, client: FlaskClient) -> None:
    form = page_of(client, "/en/amazon")
    for words in ("May we invite you to meetings?", "Yes, the partner may.", "I would like to he"):
        assert words in form
    assert "meetings_consent" not in page_of(client, "/de/amazon")

    assert factories.sign(client, people.ben | TICKED).status_code == 303
    asked = [("meetings", "yes", "web"), ("partner", "no", "web"), ("volunteer", "yes", "web")]
    assert answers(app) == asked
    factories.work(app)
    link = factories.link_in(factories.letters(app)[0])
    to_confirm = page_of(client, link)
    assert "Yes, invite me." in to_confirm
    assert "No, the partner may not." in to_confirm
    client.post(link)
    factories.work(app)

    mine = my_link(app)
    text = page_of(client, mine)
    assert '<label class="choice"><input id="meetings_consent-yes" type="radio" ' in text
    assert 'name="meetings_consent" value="yes" checked' in text
    assert 'name="partner_updates" value="no" checked' in text
    assert 'name="volunteer_consent" value="yes" checked' in text
    assert listed(app).items() >= {
        ("meetings_consent", "yes"),
        ("partner_consent", "no"),
        ("volunteer_consent", "yes"),
    }
    assert list(listed(app)) == [*COLUMNS, "meetings_consent", "volunteer_consent"]
    assert take_out(app, for_target=True)[0].count("consent") == 0

    changed = {"updates": "no", "visibility": "target", "partner_updates": "yes"}
    changed |= {"meetings_consent": "yes", "ticket": ticket_in(text)}
    assert do(client, mine, "choices", **changed).status_code == 303
    assert answers(app)[3:] == [("partner", "yes", "my"), ("volunteer", "no", "my")]
    assert listed(app).items() >= {
        ("meetings_consent", "yes"),
        ("partner_consent", "yes"),
        ("volunteer_consent", "no"),
    }
    (copied,) = json.loads(do(client, mine, "download").get_data())["forms"]
    further = [
        (each["purpose"], each["answer"], each["text"].partition("\n")[0])
        for each in copied["answers"][3:]
    ]
    assert further == [
        ("meetings", "yes", "May we invite you to meetings?"),
        ("partner", "no", "May the partner write to you?"),
        ("volunteer", "yes", "I would like to help."),
        ("partner", "yes", "May the partner write to you?"),
        ("volunteer", "no", "I would like to help."),
    ]


def test_a_required_one_is_asked_for_and_an_optional_one_may_be_left(
    app: Flask, client: FlaskClient
) -> None:
    answer = factories.sign(client, people.ben | {"meetings_consent": "perhaps"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    named = {
        "partner_updates": "News from the partner",
        "meetings_consent": "May we invite you to meetings?",
    }
    for name, question in named.items():
        assert f'href="#{name}">{question}: Please choose yes or no.' in page
    assert factories.rows(app, "SELECT id FROM signatures") == []
    assert factories.sign(client, people.ben | {"partner_updates": "yes"}).status_code == 303
    assert answers(app) == [("partner", "yes", "web"), ("volunteer", "no", "web")]
    factories.work(app)
    client.post(factories.link_in(factories.letters(app)[0]))
    assert listed(app)["meetings_consent"] == ""


def test_a_form_that_was_open_before_asks_only_what_it_showed(
    app: Flask, client: FlaskClient
) -> None:
    """Its ticket names the words that it showed, which had no further question."""
    older = "SELECT min(id) FROM campaign_texts WHERE language = 'en'"
    ((text_id,),) = factories.rows(app, older)
    deps = dependencies_of(app)
    deps.campaign_cache.clear()
    with app.test_request_context():
        old = ticket(deps.campaign_cache.of_text(int(str(text_id))))
    answer = client.post("/en/amazon/sign", data=people.ben | {"ticket": old})
    assert answer.status_code == 303
    assert answers(app) == []
    factories.work(app)
    link = factories.link_in(factories.letters(app)[0])
    assert "May we invite" not in page_of(client, link)
    client.post(link)
    factories.work(app)
    # On the own page the newest words are asked, and what was never asked is open.
    text = page_of(client, my_link(app))
    assert "May we invite you to meetings?" in text
    assert 'name="meetings_consent" value="yes" checked' not in text


def test_more_questions_make_no_more_statements(app: Flask, client: FlaskClient) -> None:
    """Also with three answers more, a form costs the statements that it always did."""

    def statements(form: people.Form, lang: str) -> list[str]:
        found: list[str] = []
        filled = form | {"ticket": factories.ticket(client, lang)}

        def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
            found.append(statement.split("(")[0].strip())

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert client.post(f"/{lang}/amazon/sign", data=filled).status_code == 303
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return found

    factories.sign(client, people.cora, lang="de")  # what a process does once is done
    factories.sign(client, people.cora | TICKED)
    without, with_more = statements(people.ben, "de"), statements(people.amina | TICKED, "en")
    assert len(without) == len(with_more)

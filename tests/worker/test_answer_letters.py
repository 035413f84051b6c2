"""What a target answers to all reaches those who asked for it, in a letter of ours."""

from __future__ import annotations

import re
from email.message import EmailMessage

import flask_migrate
from flask import Flask
from flask.testing import FlaskClient

from petition.config import resource_dir
from petition.services.messages import answers, targets
from petition.services.messages.targets import Which
from petition.store.db import reading, transaction
from petition.store.messages import answers as store_answers
from tests import people
from tests.conftest import Clock
from tests.factories import confirm, entries, letters, rows, text_of, work
from tests.messages import KEYS, my_link, together, write
from tests.people import Form

SUBJECT = "An answer has come"
TEXTS = {"en": "We will talk.\nSoon.", "de": "Wir werden reden."}


def which(key: str) -> Which:
    return Which(slug="amazon", key=key, by="t")


def answered(app: Flask, key: str, texts: dict[str, str], clock: Clock) -> int:
    """Published, and those who asked are told from the next round on; its number."""
    with app.app_context(), transaction() as session:
        answers.publish(session, which(key), clock().date(), texts, at=clock())
        target = targets.find(session, "amazon", key)
        found = max(each.id for each in store_answers.of_targets(session, [target.id]))
        assert answers.tell(session, which(key), found, setting=False, at=clock())
    return found


def got(app: Flask, person: Form, subject: str = SUBJECT) -> list[EmailMessage]:
    return [
        each
        for each in letters(app)
        if each["To"] == person["email"] and each["Subject"] == subject
    ]


def brought(found: list[EmailMessage]) -> list[str]:
    """What stands in them under the answer's day, sorted."""
    inside = [
        re.search(r"^---- .* ----$(.*)^---- .* ----$", text_of(each), re.M | re.S) for each in found
    ]
    return sorted(each[1].strip("\n").split("\n\n", 2)[2] for each in inside if each)


def test_each_gets_each_answer_once_in_their_language(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    write(client, people.cora, wants_answer="yes")
    write(client, people.ben, lang="de", wants_answer="yes")
    for entry_id in entries(app):
        confirm(app, entry_id)
    work(app)
    answered(app, KEYS[0], TEXTS, clock)
    answered(app, KEYS[1], {"en": "No."}, clock)
    for _ in range(3):
        work(app)
    mine = got(app, people.cora)
    assert brought(mine) == ["No.", "We will talk.\nSoon."]
    assert brought(got(app, people.ben, "Eine Antwort ist da")) == ["No.", "Wir werden reden."]
    # The page behind its link has both.
    page = client.get(my_link(mine[0])).get_data(as_text=True)
    assert "We will talk." in page
    assert ">No.<" in page


def test_who_wrote_to_several_at_once_is_told_by_whichever_answers(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    together(app)
    write(client, people.cora, wants_answer="yes")
    confirm(app, entries(app)[0])
    work(app)
    with reading() as session:
        target = targets.find(session, "amazon", KEYS[2])
        assert store_answers.who_asked(session, target.id) == 1
    answered(app, KEYS[2], TEXTS, clock)
    work(app)
    work(app)
    (letter,) = got(app, people.cora)
    assert brought([letter]) == ["We will talk.\nSoon."]
    page = client.get(my_link(letter)).get_data(as_text=True)
    assert "We will talk." in page


def test_what_is_taken_back_is_sent_to_nobody_else(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    write(client, people.cora, wants_answer="yes")
    confirm(app, entries(app)[0])
    work(app)
    found = answered(app, KEYS[0], TEXTS, clock)
    with transaction() as session:
        assert answers.send_due(session, at=clock()) == 1
    with transaction() as session:
        answers.remove(session, which(KEYS[0]), found, at=clock())
    work(app)
    assert got(app, people.cora) == []
    states = "SELECT state FROM letters WHERE kind = 'target_answer'"
    assert rows(app, states) == [("withheld",)]


def test_what_is_owed_when_the_database_changes_brings_its_answer(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    write(client, people.cora, wants_answer="yes")
    confirm(app, entries(app)[0])
    work(app)
    answered(app, KEYS[0], {"en": "Not yet."}, clock)
    work(app)
    work(app)
    answered(app, KEYS[0], TEXTS, clock)
    with transaction() as session:
        assert answers.send_due(session, at=clock()) == 1
    folder = str(resource_dir("migrations"))
    flask_migrate.downgrade(directory=folder, revision="0043")
    flask_migrate.upgrade(directory=folder)
    work(app)
    assert brought(got(app, people.cora)) == ["Not yet.", "We will talk.\nSoon."]

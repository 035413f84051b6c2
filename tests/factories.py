"""Deeds that many tests begin with: signing over HTTP, a worker's round, opening the letters."""

from __future__ import annotations

import email
import re
import threading
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from hashlib import sha256
from hmac import new as hmac

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse as Answer

from petition.cli.running import make_worker
from petition.domain.campaign import Call
from petition.domain.consent import Questions, SignQuestion, UpdatesQuestion, VisibilityQuestion
from petition.store.db import reading, transaction
from tests.people import Form

_TICKET = re.compile(r'<input\b(?=[^>]*\bname="ticket")[^>]*\bvalue="([^"]*)"')
_LINK = re.compile(r"https?://[^/\s]+(/confirm/\S+)")


def ticket(client: FlaskClient, lang: str = "en", slug: str = "amazon") -> str:
    """The ticket in the form on the call's page."""
    page = client.get(f"/{lang}/{slug}").get_data(as_text=True)
    found = _TICKET.search(page)
    assert found, "the page has no ticket"
    return found[1]


def sign(client: FlaskClient, form: Form, lang: str = "en", slug: str = "amazon") -> Answer:
    """Open the call's page, fill its form in, send it."""
    filled = form | {"ticket": ticket(client, lang, slug)}
    return client.post(f"/{lang}/{slug}/sign", data=filled)


def work(app: Flask) -> int:
    """One round of a worker: what is due is sent, what waits is folded into the counts."""
    with app.app_context():
        done = make_worker(app, threading.Event()).once()
    app.extensions["petition"].calls.forget()  # pages would show the old count for some seconds
    return done


def letters(app: Flask) -> list[EmailMessage]:
    """The letters in the mailbox folder, oldest first."""
    settings = app.extensions["petition"].settings
    order = {
        hmac(settings.secret_key.encode(), b"message-id %d" % id_, sha256).hexdigest()[:32]: id_
        for (id_,) in rows(app, "SELECT id FROM letters")
    }
    found = []
    for path in settings.outbox_dir.glob("*.eml"):
        message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        number = order.get(str(message["Message-ID"]).strip("<>").partition("@")[0], 0)
        found.append(((message["Date"].datetime, number), message))
    return [message for _, message in sorted(found, key=lambda pair: pair[0])]


def link_in(letter: EmailMessage) -> str:
    """The path of the link to confirm."""
    body = letter.get_body(("plain",))
    assert body is not None
    found = _LINK.search(body.get_content())
    assert found, "the letter has no link"
    return found[1]


def rows(app: Flask, sql: str, **values: object) -> list[tuple[object, ...]]:
    """What the database answers to a SELECT."""
    with app.app_context(), reading() as session:
        return [tuple(row) for row in session.execute(text(sql), values)]


def change(app: Flask, sql: str, **values: object) -> None:
    """A change behind the house's back."""
    with app.app_context(), transaction() as session:
        session.execute(text(sql), values)


def a_call(**words: str) -> Call:
    """A small call; its words can be changed by name."""
    questions = Questions(
        sign=SignQuestion(statement="I agree."),
        updates=UpdatesQuestion(question="May we write?", yes="Yes", no="No"),
        visibility=VisibilityQuestion(
            question="Who may see?", counted="Nobody", target="The target", public="Everybody"
        ),
    )
    call = Call(
        title="A call",
        ask="Do it",
        summary="Please do it.",
        asks=("Do this.", "Do that."),
        addressed_to="Somebody",
        share_text="Share it.",
        references=("One",),
        story="It was so. [1]",
        consents=questions,
    )
    return replace(call, **words)

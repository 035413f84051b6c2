"""Messages to targets, as tests write them: the form filled in, previewed and sent."""

from __future__ import annotations

import re
from email.message import EmailMessage
from html import unescape

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.messages.message import MessageText
from petition.web.http.dependencies import dependencies_of
from tests.factories import letters, rows, text_of
from tests.people import Form

KEYS = ("chief-executive", "human-resources", "human-rights")
_INPUT = re.compile(r"<input\b[^>]*>")
_MY = re.compile(r"https?://[^/\s]+(/my/\S+)")


def form_of(
    client: FlaskClient, person: Form, lang: str = "en", query: str = "", **changes: str
) -> dict[str, object]:
    """The form as its page has it, with what the person fills in."""
    page = client.get(f"/{lang}/amazon/message{query}").get_data(as_text=True)
    named = {name: text for name, text in person.items() if name != "comment"}
    return read_form(page) | {"shown_as": "full_name"} | named | changes


def read_form(page: str) -> dict[str, object]:
    """What stands in the form's fields, to all targets."""
    body = unescape(page.partition('id="message_body"')[2].partition(">")[2].partition("<")[0])
    found: dict[str, object] = {"to": list(KEYS), "message_body": body}
    for tag in _INPUT.findall(page):
        attributes = dict(re.findall(r'\b([a-z_]+)="([^"]*)"', tag))
        if attributes.get("type") == "hidden" and attributes["name"] != "to":
            found[attributes["name"]] = unescape(attributes["value"])
        if attributes.get("name") == "message_subject":
            found["message_subject"] = unescape(attributes["value"])
    return found


def write(
    client: FlaskClient, person: Form, lang: str = "en", query: str = "", **changes: str
) -> Answer:
    """Write a message and press “Send it”."""
    form = form_of(client, person, lang, query, **changes)
    return client.post(f"/{lang}/amazon/message", data=form)


def states(app: Flask) -> dict[str, int]:
    """How many messages are in each state."""
    found = rows(app, "SELECT state, count(*) FROM messages GROUP BY state")
    return {str(state): int(str(number)) for state, number in found}


def texts(app: Flask) -> list[MessageText | None]:
    """What was written, opened; None where it is deleted."""
    vault = dependencies_of(app).vault
    return [
        vault.open_message(bytes(sealed), int(str(id_)), int(str(number)))  # type: ignore[call-overload]
        if sealed is not None
        else None
        for id_, sealed, number in rows(
            app, "SELECT id, sealed, key_number FROM messages ORDER BY id"
        )
    ]


def to_targets(app: Flask) -> list[EmailMessage]:
    """The emails that went to targets."""
    return [each for each in letters(app) if each["Reply-To"]]


def my_link(letter: EmailMessage) -> str:
    """The path of the link to one's own page."""
    found = _MY.search(text_of(letter))
    assert found, "the letter has no such link"
    return found[1]

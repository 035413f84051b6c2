"""Messages to targets, as tests write them: the form filled in, previewed and sent."""

from __future__ import annotations

import json
import re
from email.message import EmailMessage
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse as Answer

from petition.domain.messages.message import MessageText
from petition.domain.messages.reply import LeftOut, Part, ReplyText
from petition.domain.signatures.entry_ids import new_entry_id
from petition.store.db import transaction
from petition.store.messages import replies
from petition.store.tables import CampaignText, Message, MessageTarget
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.factories import change, entries, letters, rows, text_of
from tests.in_one_go import confirm_all
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


def together(app: Flask) -> None:
    """From now on, one email goes to all whom somebody writes to."""
    ((kept,),) = rows(app, "SELECT presentation FROM campaigns WHERE slug = 'amazon'")
    document: dict[str, Any] = json.loads(str(kept))
    document["message"] |= {"together": True}
    change(
        app,
        "UPDATE campaigns SET presentation = :kept WHERE slug = 'amazon'",
        kept=json.dumps(document),
    )
    dependencies_of(app).campaign_cache.clear()


def write_to(app: Flask, client: FlaskClient, **keys: tuple[str, ...]) -> None:
    """Each of these people writes one email to these targets, and confirms."""
    for name, those in keys.items():
        form = form_of(client, getattr(people, name)) | {"to": list(those)}
        assert client.post("/en/amazon/message", data=form).status_code == 303
    confirm_all(app, entries(app))


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


def recipients(sent: EmailMessage) -> list[str]:
    """The targets' keys, as its head names them."""
    return [each.addr_spec.partition("@")[0] for each in sent["To"].addresses]


def my_link(letter: EmailMessage) -> str:
    """The path of the link to one's own page."""
    found = _MY.search(text_of(letter))
    assert found, "the letter has no such link"
    return found[1]


def be_answered(app: Flask, signature_id: int, lang: str = "en") -> int:
    """A message of theirs went, and its target answered; the reply's number."""
    vault, at = dependencies_of(app).vault, dependencies_of(app).now()
    text = MessageText(sender="Somebody via Us", subject="Please", body="Listen to us.")
    left_out = (Part(kind=LeftOut.ATTACHMENT, name="signature.asc"), Part(kind=LeftOut.REMOTE))
    answer = ReplyText(
        subject="Re: Please <b>",
        body="We heard you & see:\nexample.com/path",
        left_out=left_out,
        has_links=True,
    )
    message_id, reply_id, number = new_entry_id(at), new_entry_id(at), vault.current
    with app.app_context(), transaction() as session:
        target_id = session.scalars(select(MessageTarget.id).limit(1)).one()
        words = select(CampaignText.id).where(CampaignText.language == lang).limit(1)
        session.add(
            Message(
                id=message_id,
                signature_id=signature_id,
                target_id=target_id,
                wave=9,
                text_id=session.scalars(words).one(),
                variant=0,
                shown_as="first_name",
                language=lang,
                state="sent",
                sealed=vault.seal_message(text, message_id, number),
                key_number=number,
                composed_at=at,
                confirmed_at=at,
                finished_at=at,
            )
        )
        session.flush()
        sealed = vault.seal_reply(answer, reply_id, number)
        replies.add(session, reply_id, message_id, sealed, number, at=at)
    return reply_id

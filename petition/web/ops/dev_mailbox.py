"""The development mailbox: letters in the outbox folder, shown to who sits at this machine."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from flask import Blueprint, Response, abort, make_response

from petition import i18n
from petition.web.http.access import LOOPBACK, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import set_locale
from petition.web.http.rendering import page

mailbox = Blueprint("mailbox", __name__)

NAME = re.compile(r"[0-9A-Za-z.-]{1,100}\.eml\Z")


@dataclass(frozen=True)
class ReceivedLetter:
    """A letter as the list and its page show it."""

    name: str
    to: str
    subject: str
    language: str
    date: str
    text: str
    links: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]


@mailbox.get("/dev/outbox")
@access(LOOPBACK)
def letters() -> Response:
    """All letters, newest first."""
    set_locale("en")
    found = sorted(deps().settings.outbox_dir.glob("*.eml"), reverse=True)[:200]
    return make_response(page("dev/outbox.html", letters=[_read(path) for path in found]))


@mailbox.get("/dev/outbox/<name>")
@access(LOOPBACK)
def letter(name: str) -> Response:
    """One letter: its headers, its text, its links."""
    set_locale("en")
    return make_response(page("dev/letter.html", letter=_read(_path(name))))


@mailbox.get("/dev/outbox/<name>/html")
@access(LOOPBACK)
def letter_html(name: str) -> Response:
    """The HTML part as a mail program would show it: no script runs, nothing is fetched."""
    body = _message(_path(name)).get_body(("html",))
    if body is None:
        abort(404)
    response = make_response(body.get_content())
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox "
        "allow-top-navigation-by-user-activation"
    )
    return response


def _path(name: str) -> Path:
    path = deps().settings.outbox_dir / name
    if not NAME.match(name) or not path.is_file():
        abort(404)
    return path


def _message(path: Path) -> EmailMessage:
    # As text: from bytes, an address of another script than Latin would come out broken.
    message = email.message_from_string(path.read_text(encoding="utf-8"), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def _read(path: Path) -> ReceivedLetter:
    message = _message(path)
    body = message.get_body(("plain",))
    # Lines that end in a blank were broken on the way (RFC 3676): this window breaks its own.
    text = body.get_content().replace(" \n", " ") if body is not None else ""
    return ReceivedLetter(
        name=path.name,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        language=str(message["Content-Language"] or i18n.SOURCE),
        date=str(message["Date"]),
        text=text,
        links=tuple(re.findall(r"https?://\S+", text)),
        headers=tuple((key, str(value)) for key, value in message.items()),
    )

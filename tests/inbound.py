"""Emails that come in, as tests write them: whole, in the forms that servers and people use."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask
from flask.testing import FlaskClient

from petition.domain.letters import return_words
from petition.domain.letters.return_words import ReturnKind
from petition.services.letters import receiving
from petition.services.letters.receiving import Received
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.factories import confirm, entries, rows, work
from tests.messages import KEYS, write

RETURN_DOMAIN = "returns.example.net"
HR = "HR <hr@amazon.example.org>"


def take_in(
    app: Flask, content: str | bytes, to: Sequence[str] = (), sender: str | None = None
) -> None:
    """What `petition mail receive` does with an email."""
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    deps = dependencies_of(app)
    received = Received(envelope=receiving.envelope(to, sender), content=raw)
    with app.app_context(), transaction() as session:
        receiving.keep(session, deps.vault, received, at=deps.now())


def outcomes(app: Flask) -> dict[str, int]:
    """How many emails came to what."""
    found = rows(app, "SELECT outcome, number FROM inbound_counts")
    return {str(outcome): int(str(number)) for outcome, number in found}


def address(app: Flask, kind: ReturnKind, letter_id: object) -> str:
    """Where a letter's reports or answers come back to."""
    key = dependencies_of(app).settings.secret_key
    return f"{return_words.words(key, kind, int(str(letter_id)))}@{RETURN_DOMAIN}"


def alias(app: Flask, number: int = 0) -> str:
    """Where the first message's target answers, or a later one's."""
    found = rows(app, "SELECT id FROM letters WHERE message_id IS NOT NULL ORDER BY id")
    return address(app, ReturnKind.ALIAS, found[number][0])


def cora_wrote(app: Flask, client: FlaskClient, to: str = KEYS[0]) -> str:
    """Cora's message went to a target; the alias that it is answered by."""
    write(client, people.cora, to=to)
    confirm(app, entries(app)[-1])
    work(app)
    return alias(app, -1)


def email_of(body: str, *head: str, author: str = HR, subject: str = "Re: Your email") -> str:
    """An email of plain text."""
    lines = [f"From: {author}", "To: whom@it.example", f"Subject: {subject}", *head]
    return "\r\n".join([*lines, "", body, ""])


def report(
    status: str,
    diagnostic: str,
    *,
    action: str = "failed",
    recipient: str = "somebody@example.net",
    author: str = "MAILER-DAEMON@mx.example.net",
) -> str:
    """A report in the form of RFC 3464."""
    return "\r\n".join(
        [
            f"From: Mail Delivery System <{author}>",
            "Return-Path: <>",
            "Subject: Undelivered mail",
            "Auto-Submitted: auto-replied",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
            "",
            "--b",
            "Content-Type: text/plain; charset=utf-8",
            "",
            "Your email did not arrive.",
            "--b",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.example.net",
            "",
            f"Final-Recipient: rfc822; {recipient}",
            f"Action: {action}",
            f"Status: {status}",
            f"Diagnostic-Code: smtp; {diagnostic}",
            "",
            "--b",
            "Content-Type: text/rfc822-headers",
            "",
            "Subject: Please confirm your email address",
            "",
            "--b--",
            "",
        ]
    )

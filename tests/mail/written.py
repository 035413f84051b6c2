"""Letters as they are written, without a database: any of them, in any language."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Final

from petition.config import load
from petition.domain.messages.target_answer import TargetAnswerText
from petition.domain.tokens import Tokens
from petition.mail.letters import LETTERS, LetterContext
from petition.mail.ready_letter import ReadyLetter
from petition.rendering import Renderer
from petition.store.letters.entry_letters import EntryLetter

ENTERED: Final = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
AT: Final = ENTERED + timedelta(hours=1)
HOST: Final = "call.example.org"
NAMES: Final = tuple(LETTERS)

OWED: Final = EntryLetter(
    id=17,
    kind="confirm",
    entry_id=7_452_371_932_846_551_113,
    entered_at=ENTERED,
    signature_id=123_456,
    slug="amazon",
    sealed=b"",
    key_number=1,
    language="en",
    state="pending",
    mailbox_confirmed=False,
    address_key=bytes(range(0xA0, 0xB0)),
    mailbox_key=bytes(range(0xB0, 0xC0)),
    block_keys=frozenset(),
    campaign_id=3,
    unsubscribed=False,
    has_message=False,
    answer=TargetAnswerText(
        target="Office One",
        day=ENTERED.date(),
        language="en",
        text="We have read what you wrote.\n\nWe will talk.",
    ),
    admitted=False,
    attempts=0,
)


def context(instance: Path, **environ: str) -> LetterContext:
    """A letter context with settings of its own."""
    settings = load(
        {"PETITION_INSTANCE": str(instance), "PETITION_BASE_URL": f"https://{HOST}"} | environ
    )
    return LetterContext(
        settings=settings,
        tokens=Tokens(settings.secret_key),
        render=Renderer(organiser=settings.organiser, contact=settings.contact),
    )


def ready(
    context: LetterContext,
    name: str,
    lang: str = "en",
    *,
    to: str = "ben@example.org",
    at: datetime = AT,
    **changes: Any,
) -> ReadyLetter:
    """The letter of that name, as the transport gets it."""
    return LETTERS[name](context, replace(OWED, language=lang, **changes), to, at)


def write(context: LetterContext, name: str, lang: str = "en", **changes: Any) -> EmailMessage:
    """The letter of that name, as a mail program reads it."""
    return read(ready(context, name, lang, **changes).content)


def read(content: bytes) -> EmailMessage:
    """A letter's bytes, as a mail program reads them."""
    message = message_from_string(content.decode().replace("\r\n", "\n"), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def plain_letter(to: str = "ben@example.org", number: int = 1) -> ReadyLetter:
    """A letter of few words, as the transport may get one, written without `mail/letters`."""
    name = f"{number:032x}"
    boundary = f"=_{name}"
    part = "Content-Transfer-Encoding: quoted-printable"
    lines = [
        'From: "House" <no-reply@house.example.org>',
        f"To: {to}",
        f"Subject: Letter {number}",
        "Date: Mon, 02 Nov 2026 09:30:00 +0000",
        f"Message-ID: <{name}@house.example.org>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "Content-Language: en",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
        f"--{boundary}",
        'Content-Type: text/plain; charset="utf-8"; format="flowed"',
        part,
        "",
        f"This is letter {number}.",
        ".",
        "A line with a dot came before.",
        f"--{boundary}",
        'Content-Type: text/html; charset="utf-8"',
        part,
        "",
        f"<p>This is letter {number}.</p>",
        f"--{boundary}--",
        "",
    ]
    return ReadyLetter(
        sender="no-reply@house.example.org",
        to=to,
        message_id=name,
        at=ENTERED,
        content="\r\n".join(lines).encode(),
    )


def part(letter: EmailMessage, kind: str) -> str:
    """The text of its `plain` or `html` part, as it stands there."""
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def unflowed(text: str) -> str:
    """The text part with its broken lines joined again, as RFC 3676 says."""
    return text.replace(" \n", " ")

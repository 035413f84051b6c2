"""Letters as they are written, without a database: any of them, in any language."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

from petition.config import load
from petition.domain.tokens import Tokens
from petition.mail.letters import LETTERS, Desk
from petition.rendering import Renderer
from petition.store.outbox import Owed

ENTERED: Final = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
AT: Final = ENTERED + timedelta(hours=1)
HOST: Final = "call.example.org"
NAMES: Final = tuple(LETTERS)

OWED: Final = Owed(
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
    campaign_id=3,
    unsubscribed=False,
    admitted=False,
    attempts=0,
)


def desk(instance: Path, **environ: str) -> Desk:
    """A desk with settings of its own."""
    settings = load(
        {"PETITION_INSTANCE": str(instance), "PETITION_BASE_URL": f"https://{HOST}"} | environ
    )
    return Desk(
        settings=settings,
        tokens=Tokens(settings.secret_key),
        render=Renderer(organiser=settings.organiser),
    )


def write(
    desk: Desk,
    name: str,
    lang: str = "en",
    *,
    to: str = "ben@example.org",
    at: datetime = AT,
    **changes: Any,
) -> EmailMessage:
    """The letter of that name."""
    return LETTERS[name](desk, replace(OWED, language=lang, **changes), to, at)


def part(letter: EmailMessage, kind: str) -> str:
    """The text of its `plain` or `html` part, as it stands there."""
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def unflowed(text: str) -> str:
    """The text part with its broken lines joined again, as RFC 3676 says."""
    return text.replace(" \n", " ")

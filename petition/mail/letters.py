"""Letters: one function a letter. None carries a word that the form's filler wrote."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from petition import i18n
from petition.config import Settings
from petition.domain import tokens
from petition.domain.letter import message_id
from petition.domain.tokens import CONFIRM_LIFE, Tokens
from petition.rendering import Renderer


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What every letter is written with."""

    settings: Settings
    tokens: Tokens
    render: Renderer


def confirm(
    desk: Desk, *, letter_id: int, entry_id: int, to: str, language: i18n.Language, at: datetime
) -> EmailMessage:
    """Please confirm: the one link that makes an entry count, for seven days.

    Subject, sender and first lines are neutral: a lock screen or a shared inbox must not tell.
    """
    token = desk.tokens.sign(tokens.CONFIRM, str(entry_id), expires=at + CONFIRM_LIFE)
    return _letter(
        desk,
        "confirm",
        subject=language.gettext("Please confirm your email address"),
        link=f"{desk.settings.base_url}/confirm/{token}",
        letter_id=letter_id,
        to=to,
        language=language,
        at=at,
    )


def already(
    desk: Desk, *, letter_id: int, to: str, language: i18n.Language, at: datetime
) -> EmailMessage:
    """Confirmed before: only the mailbox's owner learns it."""
    return _letter(
        desk,
        "already",
        subject=language.gettext("Your email address is confirmed already"),
        link=None,
        letter_id=letter_id,
        to=to,
        language=language,
        at=at,
    )


def _letter(
    desk: Desk,
    name: str,
    *,
    subject: str,
    link: str | None,
    letter_id: int,
    to: str,
    language: i18n.Language,
    at: datetime,
) -> EmailMessage:
    context = {"link": link, "host": urlsplit(desk.settings.base_url).netloc}
    message = EmailMessage()
    message["From"] = _sender(desk.settings.mail_from)
    message["To"] = _address(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = _message_id(desk.settings, letter_id)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(
        desk.render(f"mail/{name}.txt", language, **context), cte="quoted-printable"
    )
    message.add_alternative(
        desk.render(f"mail/{name}.html", language, **context),
        subtype="html",
        cte="quoted-printable",
    )
    # Last: setting the content clears every header that begins with Content-.
    message["Content-Language"] = language.code
    return message


def _sender(mail_from: str) -> Address:
    name, address = parseaddr(mail_from)
    return Address(name, addr_spec=address)


def _address(to: str) -> Address:
    """The local part as typed, the domain as A-label: every server takes it, with no SMTPUTF8."""
    local, _, domain = to.rpartition("@")
    if not domain.isascii():
        with contextlib.suppress(EmailNotValidError):
            domain = validate_email(to, check_deliverability=False).ascii_domain
    return Address("", local, domain)


def _message_id(settings: Settings, letter_id: int) -> str:
    """Always the same for a letter, so that a second copy is seen as one; tells nothing."""
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    return f"<{message_id(settings.secret_key, letter_id)}@{domain}>"

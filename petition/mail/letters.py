"""Letters: one function a letter. None carries a word that the form's filler wrote.

Subject, sender and first lines are neutral, and so is every address in it: a lock screen, a shared
inbox or a mail server on the way must not tell what it is about.
"""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy, default
from email.utils import format_datetime, parseaddr
from typing import Final
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from petition import i18n
from petition.config import Settings
from petition.domain import code, letter as kinds, tokens
from petition.domain.letter import message_id
from petition.domain.tokens import CONFIRM_LIFE, MY_LIFE, STOP_LIFE, Tokens
from petition.rendering import Renderer
from petition.store.outbox import Owed

WIDTH: Final = 72
"""Characters in a line of the text part."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What every letter is written with."""

    settings: Settings
    tokens: Tokens
    render: Renderer


def confirm(desk: Desk, letter: Owed, to: str, at: datetime) -> EmailMessage:
    """Please confirm: a link and a code, either of which makes this entry count."""
    subject = _language(letter).gettext("Please confirm your email address")
    return _letter(desk, letter, kinds.CONFIRM, subject, _to_confirm(desk, letter, at), to, at)


def reminder(desk: Desk, letter: Owed, to: str, at: datetime) -> EmailMessage:
    """Still to confirm: once, with the link and the code of the first letter."""
    subject = _language(letter).gettext("Still to confirm: your email address")
    links = _to_confirm(desk, letter, at)
    message = _letter(desk, letter, kinds.REMINDER, subject, links, to, at)
    return _with_one_click(message, _unsubscribe(desk, letter, at))


def already(desk: Desk, letter: Owed, to: str, at: datetime) -> EmailMessage:
    """Confirmed before: only the mailbox's owner learns it."""
    subject = _language(letter).gettext("Your email address is confirmed already")
    return _letter(desk, letter, kinds.ALREADY, subject, {"link": _my(desk, letter, at)}, to, at)


def thanks(desk: Desk, letter: Owed, to: str, at: datetime) -> EmailMessage:
    """Thank you: how to see and change what is held, and how to pass the call on."""
    subject = _language(letter).gettext("Thank you")
    unsubscribe = _unsubscribe(desk, letter, at)
    links = {
        "link": _my(desk, letter, at),
        "stop": _stop(desk, letter, at),
        "unsubscribe": unsubscribe,
    }
    message = _letter(desk, letter, kinds.THANKS, subject, links, to, at)
    return _with_one_click(message, unsubscribe)


def data(desk: Desk, letter: Owed, to: str, at: datetime) -> EmailMessage:
    """Somebody asked for the link to what is held about this address: here it is."""
    subject = _language(letter).gettext("The link that was asked for")
    return _letter(desk, letter, kinds.DATA, subject, {"link": _my(desk, letter, at)}, to, at)


LETTERS: Final[Mapping[str, Callable[[Desk, Owed, str, datetime], EmailMessage]]] = {
    kinds.CONFIRM: confirm,
    kinds.REMINDER: reminder,
    kinds.ALREADY: already,
    kinds.THANKS: thanks,
    kinds.DATA: data,
}
"""By what `domain.letter.said` says."""


# --- links ----------------------------------------------------------------------------------------


def _to_confirm(desk: Desk, letter: Owed, at: datetime) -> dict[str, object]:
    # From the time of the form, not of this letter: the form itself is kept no longer.
    ends = letter.entered_at + CONFIRM_LIFE
    token = desk.tokens.sign(tokens.CONFIRM, str(letter.entry_id), expires=ends)
    return {
        "link": f"{desk.settings.base_url}/confirm/{token}",
        "ends": ends,
        "code": code.shown(code.code(desk.settings.secret_key, letter.entry_id)),
        "stop": _stop(desk, letter, at),
    }


def _my(desk: Desk, letter: Owed, at: datetime) -> str:
    token = desk.tokens.sign(tokens.MY, str(letter.signature_id), expires=at + MY_LIFE)
    return f"{desk.settings.base_url}/my/{token}"


def _stop(desk: Desk, letter: Owed, at: datetime) -> str:
    # No signature's number: the link must work, and block, when the signature is long gone.
    value = f"{letter.campaign_id}-{letter.address_key.hex()}-{letter.language}"
    token = desk.tokens.sign(tokens.STOP, value, expires=at + STOP_LIFE)
    return f"{desk.settings.base_url}/stop/{token}"


def _unsubscribe(desk: Desk, letter: Owed, at: datetime) -> str:
    value = str(letter.signature_id)
    token = desk.tokens.sign(tokens.UNSUBSCRIBE, value, expires=at + STOP_LIFE)
    return f"{desk.settings.base_url}/unsubscribe/{token}"


# --- writing --------------------------------------------------------------------------------------


class _OneLine(UnstructuredHeader, BaseHeader):
    """A header that is never folded.

    The standard library breaks a long address into encoded words, which no mail program puts
    together again: the button to unsubscribe would be gone.
    """

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _OneLine)
_POLICY: Final = default.clone(header_factory=_HEADERS)


def _letter(
    desk: Desk,
    letter: Owed,
    name: str,
    subject: str,
    links: Mapping[str, object],
    to: str,
    at: datetime,
) -> EmailMessage:
    language, base_url = _language(letter), desk.settings.base_url
    context = {
        "subject": subject,
        "host": urlsplit(base_url).netloc,
        "base_url": base_url,
        **links,
    }
    message = EmailMessage(_POLICY)
    message["From"] = _sender(desk.settings.mail_from)
    message["To"] = _address(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = _message_id(desk.settings, letter.id)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(
        _flowed(desk.render(f"mail/{name}.txt", language, **context)),
        cte="quoted-printable",
        params={"format": "flowed"},
    )
    message.add_alternative(
        desk.render(f"mail/{name}.html", language, **context),
        subtype="html",
        cte="quoted-printable",
    )
    # Last: setting the content clears every header that begins with Content-.
    message["Content-Language"] = language.code
    return message


def _with_one_click(message: EmailMessage, link: str) -> EmailMessage:
    """Mail programs show a button for it, and press it by POST (RFC 8058)."""
    message["List-Unsubscribe"] = f"<{link}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def _flowed(text: str) -> str:
    """Lines of readable length, each broken one ending in a blank: whoever can, joins them again.

    RFC 3676. A word that is too long, as a link may be, stays whole.
    """
    return "".join(f"{line}\n" for paragraph in text.splitlines() for line in _lines(paragraph))


def _lines(paragraph: str) -> list[str]:
    lines = textwrap.wrap(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)
    return [_stuffed(line) + " " for line in lines[:-1]] + [_stuffed("".join(lines[-1:]))]


def _stuffed(line: str) -> str:
    """Mail programs read a meaning into these beginnings; one blank takes it away."""
    return f" {line}" if line.startswith((">", "From ")) else line


def _language(letter: Owed) -> i18n.Language:
    return i18n.language(letter.language)


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
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    return f"<{message_id(settings.secret_key, letter_id)}@{domain}>"

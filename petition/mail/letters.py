"""Letters: one function a letter. None carries a word that the form's filler wrote.

Subject, sender and first lines are neutral, and so is every address in it: a lock screen, a shared
inbox or a mail server on the way must not tell what it is about. A target's answer to all, which
stands below those lines, is in its own words.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

from petition import i18n
from petition.addr_spec import addr_spec
from petition.config import Settings
from petition.domain import tokens
from petition.domain.letters import confirmation_code, letter as kinds
from petition.domain.letters.letter import message_id
from petition.domain.tokens import CONFIRM_LIFE, MY_LIFE, STOP_LIFE, Tokens
from petition.mail import answer_text
from petition.mail.header_lines import from_line, line, quoted_printable, subject_line
from petition.mail.ready_letter import ReadyLetter
from petition.mail.return_addresses import return_path
from petition.rendering import Renderer
from petition.store.letters.entry_letters import EntryLetter

WIDTH: Final = 72
"""Characters in a line of the text part."""


@dataclass(frozen=True, kw_only=True)
class LetterContext:
    """What every letter is written with."""

    settings: Settings
    tokens: Tokens
    render: Renderer


class Addressed(Protocol):
    """What a letter to anybody has."""

    @property
    def id(self) -> int: ...

    @property
    def language(self) -> str: ...


def confirm(context: LetterContext, letter: EntryLetter, to: str, at: datetime) -> ReadyLetter:
    """Please confirm: a link and a code, either of which makes this entry count."""
    subject = _language(letter).gettext("Please confirm your email address")
    return finished(
        context,
        letter,
        kinds.CONFIRM,
        subject,
        _to_confirm(context, letter, at),
        to,
        at,
    )


def reminder(context: LetterContext, letter: EntryLetter, to: str, at: datetime) -> ReadyLetter:
    """Still to confirm: once, with the link and the code of the first letter."""
    subject = _language(letter).gettext("Still to confirm: your email address")
    links = _to_confirm(context, letter, at)
    one_click = _unsubscribe(context, letter, at)
    return finished(context, letter, kinds.REMINDER, subject, links, to, at, one_click=one_click)


def already(context: LetterContext, letter: EntryLetter, to: str, at: datetime) -> ReadyLetter:
    """Confirmed before: only the mailbox's owner learns it."""
    subject = _language(letter).gettext("Your email address is confirmed already")
    return finished(
        context,
        letter,
        kinds.ALREADY,
        subject,
        {"link": _my(context, letter, at)},
        to,
        at,
    )


def thanks(context: LetterContext, letter: EntryLetter, to: str, at: datetime) -> ReadyLetter:
    """Thank you: how to see and change what is held, and how to pass the call on."""
    subject = _language(letter).gettext("Thank you")
    unsubscribe = _unsubscribe(context, letter, at)
    links = {
        "link": _my(context, letter, at),
        "stop": _stop(context, letter, at),
        "unsubscribe": unsubscribe,
    }
    return finished(context, letter, kinds.THANKS, subject, links, to, at, one_click=unsubscribe)


def data(context: LetterContext, letter: EntryLetter, to: str, at: datetime) -> ReadyLetter:
    """Somebody asked for the link to what is held about this address: here it is."""
    subject = _language(letter).gettext("The link that was asked for")
    return finished(
        context,
        letter,
        kinds.DATA,
        subject,
        {"link": _my(context, letter, at)},
        to,
        at,
    )


def written(context: LetterContext, letter: EntryLetter, to: str, at: datetime) -> ReadyLetter:
    """A message was written with an address that is confirmed: only its owner can send it."""
    subject = _language(letter).gettext("An email waits for you to send it")
    links = {"link": _my(context, letter, at)}
    return finished(context, letter, kinds.WRITTEN, subject, links, to, at)


def _about_messages(
    context: LetterContext,
    letter: EntryLetter,
    what: str,
    subject: str,
    link: str,
    to: str,
    at: datetime,
) -> ReadyLetter:
    """To who wrote to a target: what became of it stands on their own page, not here."""
    unsubscribe = _unsubscribe(context, letter, at) if what in kinds.UNASKED else None
    links = {"what": what, "link": link, "unsubscribe": unsubscribe}
    return finished(
        context, letter, "about_messages", subject, links, to, at, one_click=unsubscribe
    )


def message_cancelled(
    context: LetterContext, letter: EntryLetter, to: str, at: datetime
) -> ReadyLetter:
    """What they wrote does not go: its target is written to no more."""
    subject = _language(letter).gettext("An email of yours was not sent")
    link = _my(context, letter, at)
    return _about_messages(context, letter, kinds.MESSAGE_CANCELLED, subject, link, to, at)


def message_moved(
    context: LetterContext, letter: EntryLetter, to: str, at: datetime
) -> ReadyLetter:
    """What they wrote goes to the target that took the place of theirs, or to fewer than before."""
    subject = _language(letter).gettext("An email of yours goes to others")
    link = _my(context, letter, at)
    return _about_messages(context, letter, kinds.MESSAGE_MOVED, subject, link, to, at)


def follow_up(context: LetterContext, letter: EntryLetter, to: str, at: datetime) -> ReadyLetter:
    """Two weeks on, once: did an answer come?"""
    subject = _language(letter).gettext("Did an answer come?")
    link = f"{_my(context, letter, at)}/answers"
    return _about_messages(context, letter, kinds.FOLLOW_UP, subject, link, to, at)


def target_answer(
    context: LetterContext, letter: EntryLetter, to: str, at: datetime
) -> ReadyLetter:
    """What a target answered to all who wrote, to who asked for it."""
    assert letter.answer is not None  # screening lets no other go
    subject = _language(letter).gettext("An answer has come")
    unsubscribe = _unsubscribe(context, letter, at)
    values = {
        "link": f"{_my(context, letter, at)}/answers",
        "unsubscribe": unsubscribe,
        "answer": answer_text.shown(letter.answer),
    }
    return finished(
        context, letter, kinds.TARGET_ANSWER, subject, values, to, at, one_click=unsubscribe
    )


LETTERS: Final[Mapping[str, Callable[[LetterContext, EntryLetter, str, datetime], ReadyLetter]]] = {
    kinds.CONFIRM: confirm,
    kinds.REMINDER: reminder,
    kinds.ALREADY: already,
    kinds.WRITTEN: written,
    kinds.THANKS: thanks,
    kinds.DATA: data,
    kinds.MESSAGE_CANCELLED: message_cancelled,
    kinds.MESSAGE_MOVED: message_moved,
    kinds.FOLLOW_UP: follow_up,
    kinds.TARGET_ANSWER: target_answer,
}
"""By what `domain.letter.said` says."""


# --- links ----------------------------------------------------------------------------------------


def _to_confirm(context: LetterContext, letter: EntryLetter, at: datetime) -> dict[str, object]:
    # From the time of the form, not of this letter: the form itself is kept no longer.
    ends = letter.entered_at + CONFIRM_LIFE
    token = context.tokens.sign(tokens.CONFIRM, str(letter.entry_id), expires=ends)
    return {
        "link": f"{context.settings.base_url}/confirm/{token}",
        "ends": ends,
        "code": confirmation_code.shown(
            confirmation_code.code(context.settings.secret_key, letter.entry_id)
        ),
        "stop": _stop(context, letter, at),
        "has_message": letter.has_message,
    }


def _my(context: LetterContext, letter: EntryLetter, at: datetime) -> str:
    token = context.tokens.sign(tokens.MY, str(letter.signature_id), expires=at + MY_LIFE)
    return f"{context.settings.base_url}/my/{token}"


def _stop(context: LetterContext, letter: EntryLetter, at: datetime) -> str:
    # No signature's number: the link must work, and block, when the signature is long gone.
    keys = letter.address_key.hex() + letter.mailbox_key.hex()
    value = f"{letter.campaign_id}-{keys}-{letter.language}"
    token = context.tokens.sign(tokens.STOP, value, expires=at + STOP_LIFE)
    return f"{context.settings.base_url}/stop/{token}"


def _unsubscribe(context: LetterContext, letter: EntryLetter, at: datetime) -> str:
    value = str(letter.signature_id)
    token = context.tokens.sign(tokens.UNSUBSCRIBE, value, expires=at + STOP_LIFE)
    return f"{context.settings.base_url}/unsubscribe/{token}"


# --- writing --------------------------------------------------------------------------------------


def finished(
    context: LetterContext,
    letter: Addressed,
    name: str,
    subject: str,
    links: Mapping[str, object],
    to: str,
    at: datetime,
    *,
    one_click: str | None = None,
) -> ReadyLetter:
    """The finished letter; raises AddressRefused when no letter may go to that address.

    Its head is made of parts and never parsed: a parser decodes what it reads, and the address is
    whatever a stranger typed.
    """
    language, sender = _language(letter), context.settings.mail_from
    base_url = context.settings.base_url
    values = {
        "subject": subject,
        "host": urlsplit(base_url).netloc,
        "base_url": base_url,
        **links,
    }
    number = message_id(context.settings.secret_key, letter.id)
    address = addr_spec(to)
    head = [
        from_line(sender),
        line("To", address),
        subject_line(subject),
        line("Date", format_datetime(at)),
        line("Message-ID", f"<{number}@{sender.address.rpartition('@')[2]}>"),
        line("Auto-Submitted", "auto-generated"),
        line("X-Auto-Response-Suppress", "All"),
        line("Content-Language", language.code),
        *_one_click(one_click),
    ]
    text = flowed(context.render(f"mail/{name}.txt", language, **values))
    html = context.render(f"mail/{name}.html", language, **values)
    return ReadyLetter(
        sender=sender.address,
        to=address,
        message_id=number,
        at=at,
        content="".join(head).encode() + _body(number, text, html),
        return_path=return_path(context.settings, letter.id),
    )


def _one_click(link: str | None) -> list[str]:
    """Mail programs show a button for it, and press it by POST (RFC 8058).

    In one line: broken into encoded words, as Python breaks it, no mail program knows it.
    """
    if link is None:
        return []
    return [
        line("List-Unsubscribe", f"<{link}>"),
        line("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


def _body(number: str, text: str, html: str) -> bytes:
    """Text and HTML; no line of quoted-printable text holds the `=_` that the boundary has."""
    boundary = f"=_{number}"
    return b"".join(
        (
            line("MIME-Version", "1.0").encode(),
            line("Content-Type", f'multipart/alternative;\r\n boundary="{boundary}"').encode(),
            b"\r\n",
            _part(boundary, 'text/plain; charset="utf-8"; format="flowed"', text),
            _part(boundary, 'text/html; charset="utf-8"', html),
            f"--{boundary}--\r\n".encode(),
        )
    )


def _part(boundary: str, content_type: str, text: str) -> bytes:
    head = (
        f"--{boundary}\r\n",
        line("Content-Type", content_type),
        line("Content-Transfer-Encoding", "quoted-printable"),
        "\r\n",
    )
    return "".join(head).encode() + quoted_printable(text)


def flowed(text: str) -> str:
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


def _language(letter: Addressed) -> i18n.Language:
    return i18n.language(letter.language)

"""Reading an email that came in: bytes in, what we look at out. Nothing makes it raise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses
from typing import Final

from petition.addr_spec import AddressRefused, addr_spec
from petition.domain.letters.inbound import LARGEST, MOST_RECIPIENTS, InboundMail
from petition.domain.messages.reply import SUBJECT_LENGTH, LeftOut, Part, ReplyText
from petition.mail.inbound.automatic import is_automatic, is_in_circles
from petition.mail.inbound.body import Body
from petition.mail.inbound.clean_text import line_of, without_schemes
from petition.mail.inbound.reports import report_of

_RECIPIENT_HEADERS: Final = (
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "To",
    "Cc",
)
_LOCAL: Final = r"[A-Za-z0-9][A-Za-z0-9-]{0,63}"
_MESSAGE_ID: Final = re.compile(r"<([0-9a-f]{32})@")
LONGEST_HEADER: Final = 20_000


def read(raw: bytes, *, to: Sequence[str], sender: str | None, return_domain: str) -> InboundMail:
    """What we look at of it. `to` and `sender` are the envelope's, where somebody told them."""
    raw = raw[:LARGEST]
    message = _parsed(raw)
    subject = line_of(_decoded(message, "Subject"), SUBJECT_LENGTH)
    if sender is None:
        sender = _return_path(message)
    author = _author(message)
    automatic = is_automatic(message, subject)
    report = report_of(
        message,
        sender=sender,
        author=author,
        auto_subject=is_automatic(_without_head(subject), subject),
    )
    local = re.compile(rf"(?<![\w.+-])({_LOCAL})@{re.escape(return_domain)}(?![\w.-])", re.I)
    return InboundMail(
        local_parts=_local_parts(local, to, message),
        quoted=_unique(local.findall(raw.decode("latin-1"))) if report else (),
        author=author,
        answers=frozenset(
            _MESSAGE_ID.findall(_header(message, "In-Reply-To") + _header(message, "References"))
        ),
        is_auto=automatic or sender == "",
        is_loop=is_in_circles(message),
        report=report,
        text=_text(message, subject),
    )


def _parsed(raw: bytes) -> Message:
    """The email in its parts; only its head where the parts go deeper than anybody writes."""
    for heads_only in (False, True):
        try:
            return BytesParser(policy=compat32).parsebytes(raw, headersonly=heads_only)
        except Exception:  # noqa: S112  # RecursionError among them: then less is read
            continue
    return Message(policy=compat32)  # it has no head either


def _without_head(subject: str) -> Message:
    message = Message(policy=compat32)
    message["Subject"] = subject
    return message


def _text(message: Message, subject: str) -> ReplyText:
    subject, has_links = without_schemes(subject)
    try:
        body = Body(message)
    except Exception:  # whatever it is, that somebody answered is passed on
        rest = (Part(kind=LeftOut.REST),)
        return ReplyText(subject=subject, body="", left_out=rest, has_links=has_links)
    return ReplyText(
        subject=subject,
        body=body.text,
        left_out=tuple(body.left_out),
        has_links=has_links or body.has_links,
    )


def _local_parts(local: re.Pattern[str], to: Sequence[str], message: Message) -> tuple[str, ...]:
    """Where it came to: as the envelope says, or, where nobody told, as its head does."""
    if to:
        return _unique(found for each in to for found in local.findall(each))
    head = (
        str(value)[:LONGEST_HEADER]
        for name in _RECIPIENT_HEADERS
        for value in message.get_all(name) or ()
    )
    return _unique(found for each in head for found in local.findall(each))


def _unique(found: Sequence[str] | Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.lower() for each in found))[:MOST_RECIPIENTS]


def _header(message: Message, name: str) -> str:
    """A header as it stands; what is not ASCII in it is UTF-8, or shown as unreadable."""
    for each, value in message.raw_items():
        if each.lower() == name.lower():
            text = str(value)[:LONGEST_HEADER]
            return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return ""


def _decoded(message: Message, name: str) -> str:
    """A header in words; as it stands, where it is encoded wrongly."""
    text = _header(message, name)
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError, AssertionError):
        return text


def _return_path(message: Message) -> str | None:
    """The envelope's sender as the last server wrote it; None where it wrote nothing."""
    if "Return-Path" not in message:
        return None
    return _header(message, "Return-Path").strip().strip("<>").strip()


def _author(message: Message) -> str:
    try:
        found = getaddresses([_header(message, "From")])
        return addr_spec(found[0][1]) if found else ""
    except (AddressRefused, ValueError, TypeError, IndexError):
        return ""

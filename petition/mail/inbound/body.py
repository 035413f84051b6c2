"""The body of an email: its plain text, and the names of what is not passed on."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from email.message import Message
from typing import Final

from petition.domain.messages.reply import (
    BODY_LENGTH,
    MOST_NAMED,
    NAME_LENGTH,
    LeftOut,
    Part,
)
from petition.mail.inbound import html_text
from petition.mail.inbound.clean_text import line_of, lines_of, without_schemes

DEEPEST: Final = 20
"""Parts within parts; no program that people write with goes so deep."""
MOST_PARTS: Final = 100
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "utf-7"}
)
_RECEIPTS: Final = (
    "disposition-notification-to",
    "return-receipt-to",
    "x-confirm-reading-to",
    "generate-delivery-report",
)


class Body:
    """What an email says, gathered part by part; a list of what stays out."""

    def __init__(self, message: Message) -> None:
        self.left_out: list[Part] = []
        self.has_links = False
        self._parts = 0
        if any(name in message for name in _RECEIPTS):
            self._leave_out(LeftOut.RECEIPT)
        text = "\n\n".join(self._texts(message, 0))
        text, links = without_schemes(text)
        self.has_links = self.has_links or links
        self.text, is_all = lines_of(text, BODY_LENGTH)
        if not is_all:
            self._leave_out(LeftOut.REST)

    def _leave_out(self, kind: LeftOut, name: str = "") -> None:
        part = Part(kind=kind, name=line_of(name, NAME_LENGTH))
        if part not in self.left_out and len(self.left_out) < MOST_NAMED:
            self.left_out.append(part)

    def _texts(self, part: Message, depth: int) -> Iterator[str]:
        self._parts += 1
        if depth > DEEPEST or self._parts > MOST_PARTS:
            self._leave_out(LeftOut.REST)
            return
        payload = part.get_payload()
        if isinstance(payload, list) and part.get_content_maintype() == "multipart":
            children = [each for each in payload if isinstance(each, Message)]
            if part.get_content_type() == "multipart/alternative":
                yield from self._best(children, depth + 1)
                return
            for child in children:
                yield from self._texts(child, depth + 1)
            return
        yield from self._text_of_leaf(part)

    def _best(self, children: list[Message], depth: int) -> Iterator[str]:
        """The plain one of several forms of the same, else that in HTML; each is looked through."""
        found = [(each, "\n\n".join(self._texts(each, depth))) for each in children]
        plain = [text for each, text in found if each.get_content_type() == "text/plain"]
        best = next((text for text in plain if text.strip()), None)
        if best is None:
            best = next((text for _, text in found if text.strip()), "")
        yield best

    def _text_of_leaf(self, part: Message) -> Iterator[str]:
        kind = part.get_content_type()
        name = _file_name(part)
        is_file = part.get_content_disposition() == "attachment" or (
            bool(name) and kind not in {"text/plain", "text/html"}
        )
        if kind == "text/calendar" or kind == "application/ics":
            self._leave_out(LeftOut.CALENDAR, name)
        elif kind.startswith("image/"):
            self._leave_out(LeftOut.PICTURE, name)
        elif is_file or kind not in {"text/plain", "text/html"}:
            self._leave_out(LeftOut.ATTACHMENT, name or kind)
        elif kind == "text/html":
            read = html_text.text_of(_decoded(part))
            for each in sorted(read.left_out):
                self._leave_out(each)
            self.has_links = self.has_links or read.has_links
            yield read.text
        else:
            yield _decoded(part)


def _file_name(part: Message) -> str:
    try:
        return part.get_filename() or ""
    except Exception:  # a name that no parser takes
        return "?"


def _decoded(part: Message) -> str:
    """A part's text in whatever character set; what does not fit is shown as such."""
    try:
        raw = part.get_payload(decode=True)
    except Exception:  # broken base64 and the like
        raw = None
    if not isinstance(raw, bytes):
        return str(part.get_payload() or "")
    try:
        name = codecs.lookup(part.get_content_charset() or "utf-8").name
        return raw.decode("utf-8" if name in _NO_CHARSETS else name, "replace")
    except Exception:  # a character set that nobody knows, or one that is no character set
        return raw.decode("utf-8", "replace")

"""What the bytes of every letter must be, read apart from the product's own check.

The whole suite passes here (tests/every_letter.py): each file that appears in a mailbox folder and
each letter that a test's SMTP server takes. What is wrong with one fails the test that made it.
"""

from __future__ import annotations

import email
import re
from collections import Counter
from collections.abc import Collection
from email import policy
from email.message import EmailMessage, Message
from email.utils import getaddresses
from typing import Final

ALWAYS: Final = {
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "x-auto-response-suppress",
    "content-language",
    "mime-version",
    "content-type",
}
MESSAGE: Final = {
    "from",
    "to",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "content-language",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
}
"""Of a supporter's message to a target."""
DIGEST: Final = MESSAGE - {"content-transfer-encoding"}
"""Of many of them in one."""
REPLY: Final = ALWAYS | MESSAGE
"""Of a target's reply, as its supporter gets it."""
ONE_CLICK: Final = {"list-unsubscribe", "list-unsubscribe-post"}
PARTS: Final = ["text/plain", "text/html"]
PART_HEADERS: Final = {"content-type", "content-transfer-encoding"}
NOT_IN_LOCAL: Final = '@,;:<>()[]\\"%!|`'
FOREIGN: Final = re.compile(rb"[\r\n\0]|\xe2\x80[\xa8\xa9]|[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")


def faults(
    content: bytes, recipients: list[str] | None = None, having: Collection[str] = ()
) -> list[str]:
    """What is wrong with a letter; `recipients` as the envelope named them, where there is one.

    `having`: who was handed these very bytes before, and must not be again; some of the others may.
    """
    found = [*_bytes(content), *_head(content), *_body(content)]
    to = [each for each in _to(content) if each not in having]
    if recipients is not None and having:
        to = [each for each in to if each in recipients]
    if recipients is not None and recipients != to:
        found.append("the envelope names other mailboxes than To")
    return found


def _bytes(content: bytes) -> list[str]:
    lines = content.split(b"\r\n")
    found = []
    if lines[-1] != b"":
        found.append("the last line does not end")
    if any(FOREIGN.search(line) for line in lines):
        found.append("a bare CR or LF, or a control character")
    if max(map(len, lines)) > 998:
        found.append("a line of more than 998 bytes")
    head, _, body = content.partition(b"\r\n\r\n")
    outside = b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"To: "))
    if not outside.isascii() or not body.isascii():
        found.append("bytes beyond ASCII, elsewhere than in To")
    return found


def _raw(content: bytes) -> Message:
    return email.message_from_bytes(content, policy=policy.compat32)


def _to(content: bytes) -> list[str]:
    """Whom it goes to, byte by byte: one mailbox, or several targets of a supporter's message."""
    head = content.partition(b"\r\n\r\n")[0]
    is_message = b"\r\nReply-To: " in head
    lines = (head.replace(b"\r\n ", b" ") if is_message else head).split(b"\r\n")
    found = [line[4:] for line in lines if line[:3].lower() == b"to:"]
    text = found[0].decode("utf-8", "replace") if len(found) == 1 else ""
    return text.split(", ") if is_message else [text]


def _head(content: bytes) -> list[str]:
    message = _raw(content)
    # A signature for each key; whether it is right, test_dkim.py asks.
    names = Counter(name.lower() for name in message if name.lower() != "dkim-signature")
    found = [f"{name} comes {times} times" for name, times in names.items() if times != 1]
    if set(names) not in (ALWAYS, ALWAYS | ONE_CLICK, MESSAGE, DIGEST, REPLY):
        found.append(f"headers: {sorted(set(names) ^ ALWAYS)}")
    if message.defects:
        found.append("a defect in the head")
    for to in _to(content):
        found += _address(to)
    return found + _as_shown(content, _to(content))


def _address(to: str) -> list[str]:
    found = []
    local, _, domain = to.rpartition("@")
    if not local or not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", domain):
        found.append("To is not one address")
    if any(
        char.isspace() or not char.isprintable() or char in '@,;:<>()[]\\"%!|`' for char in local
    ):
        found.append("To holds more than an address")
    if "=?" in to or "?=" in to:
        found.append("To holds an encoded word")
    if getaddresses([to]) != [("", to)]:
        found.append("To reads as other mailboxes")
    return found


def _as_shown(content: bytes, to: list[str]) -> list[str]:
    """What a mail program that decodes everything makes of it."""
    text = content.decode("utf-8", "replace")
    shown = email.message_from_string(text, policy=policy.default)
    assert isinstance(shown, EmailMessage)
    found = [
        f"{name} holds a line break once it is decoded"
        for name in ("Subject", "From", "To", "Message-ID")
        if re.search(r"[\x00-\x1f\x7f\u2028\u2029]", str(shown[name] or ""))
    ]
    addresses = [each.addr_spec for each in getattr(shown["To"], "addresses", ())]
    if addresses != to:
        found.append("To is another mailbox once it is decoded")
    if len(getattr(shown["From"], "addresses", ())) != 1:
        found.append("From is not one mailbox")
    return found


def _body(content: bytes) -> list[str]:
    message = _raw(content)
    if "reply-to" in message:
        if message.get_content_type() == "multipart/mixed":
            kinds = [part.get_content_type() for part in message.walk()][1:]
            return [] if kinds == ["text/plain", "application/pdf"] else ["parts of a digest"]
        plain = message.get_content_type() == "text/plain" and not message.is_multipart()
        return [] if plain else ["a message has another part than its text"]
    if message.get_content_type() != "multipart/alternative" or not message.is_multipart():
        return ["it is no text with its HTML"]
    parts = message.get_payload()
    assert isinstance(parts, list)
    found = []
    if [part.get_content_type() for part in parts if isinstance(part, Message)] != PARTS:
        found.append("other parts than text and HTML")
    for part in parts:
        assert isinstance(part, Message)
        if {name.lower() for name in part} != PART_HEADERS or part.defects:
            found.append("a part's head")
        if part.get_content_charset() != "utf-8":
            found.append("another character set")
    if (message.preamble or "").strip() or (message.epilogue or "").strip():
        found.append("something beside the parts")
    return found

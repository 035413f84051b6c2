"""A letter that is ready to go: its envelope and its bytes, and the check of both.

The check knows nothing of how a letter is written. It reads the bytes that are about to leave and
lets them go only if every line of the head is one that our letters have. It stands in the
transport, so whatever writes a letter, now or later, passes it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Final

from petition.addr_spec import AddressRefused, addr_spec
from petition.errors import PetitionError

LINE: Final = 998
"""Bytes in a line, without its end (RFC 5322, 2.1.1)."""


class UnsafeLetter(PetitionError):
    """The finished letter is not as our letters are; it must not leave."""


@dataclass(frozen=True, kw_only=True)
class ReadyLetter:
    """What the transport hands over: to these mailboxes, and exactly these bytes."""

    sender: str
    """Whom it is from, as addr-spec."""
    to: str
    """The recipient, as addr-spec."""
    message_id: str
    """What stands before the @ in its Message-ID."""
    at: datetime
    content: bytes
    return_path: str | None = None
    """Where servers send what they have to say of it; None: to its sender."""
    also_to: tuple[str, ...] = ()
    """Further ones, who see each other: of a supporter's message alone."""
    only_to: tuple[str, ...] = ()
    """Of all these the ones that it goes to now: the others have it. Empty: it goes to all."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """All whom its head names."""
        return (self.to, *self.also_to)

    @property
    def envelope_recipients(self) -> tuple[str, ...]:
        return self.only_to or self.recipients

    @property
    def envelope_sender(self) -> str:
        return self.return_path or self.sender


_ENCODED: Final = rb"=\?utf-8\?b\?[A-Za-z0-9+/]+={0,2}\?="
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What ends a line in some program, once an encoded word is decoded, and other controls."""
_WORDS: Final = rb"%b(?: %b)*" % (_ENCODED, _ENCODED)
_ADDRESS: Final = rb"[!-;=?-~]+@[a-z0-9.-]+"

_HEAD: Final = {
    b"From": rb'(?:(?:"(?:[ !#-\[\]-~]|\\[\\"])+"|%b) <%b>|%b)' % (_WORDS, _ADDRESS, _ADDRESS),
    b"To": rb".+",  # compared byte for byte below
    b"Subject": rb"(?:(?!.*=\?)[ -~]+|%b)" % _WORDS,
    b"Date": rb"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}",
    b"Message-ID": rb"<[0-9a-f]{32}@[a-z0-9.-]+>",
    b"Auto-Submitted": rb"auto-generated",
    b"X-Auto-Response-Suppress": rb"All",
    b"Content-Language": rb"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*",
    b"MIME-Version": rb"1\.0",
    b"Content-Type": rb'multipart/alternative; boundary="(=_[0-9a-f]{32})"',
}
_MESSAGE_HEAD: Final = {
    **{
        name: _HEAD[name]
        for name in (
            b"From",
            b"To",
            b"Subject",
            b"Date",
            b"Message-ID",
            b"Content-Language",
            b"MIME-Version",
        )
    },
    b"Reply-To": _ADDRESS,
    b"Content-Type": rb'text/plain; charset="utf-8"',
    b"Content-Transfer-Encoding": rb"quoted-printable",
}
"""Of a supporter's message to a target, which has an address for answers and one part."""
_DIGEST_HEAD: Final = {
    **{
        name: pattern
        for name, pattern in _MESSAGE_HEAD.items()
        if name != b"Content-Transfer-Encoding"
    },
    b"Content-Type": rb'multipart/mixed; boundary="(=_[0-9a-f]{32})"',
}
"""Of many of them in one, which has them in a second part."""
_REPLY_HEAD: Final = {
    **_MESSAGE_HEAD,
    b"Auto-Submitted": _HEAD[b"Auto-Submitted"],
    b"X-Auto-Response-Suppress": _HEAD[b"X-Auto-Response-Suppress"],
    b"Content-Type": rb'text/plain; charset="utf-8"; format="flowed"',
}
"""Of a target's reply, as its supporter gets it: a letter of ours with an address for answers."""
_ONE_CLICK: Final = {
    b"List-Unsubscribe": rb"<https?://[!-;=?-~]+>",
    b"List-Unsubscribe-Post": rb"List-Unsubscribe=One-Click",
}
_NAMES: Final = _HEAD.keys() | _ONE_CLICK.keys() | _MESSAGE_HEAD.keys()
_ENCODING: Final = b"Content-Transfer-Encoding: quoted-printable"
_PARTS: Final = (
    [b'Content-Type: text/plain; charset="utf-8"; format="flowed"', _ENCODING, b""],
    [b'Content-Type: text/html; charset="utf-8"', _ENCODING, b""],
)
_DIGEST_PARTS: Final = (
    [b'Content-Type: text/plain; charset="utf-8"', _ENCODING, b""],
    [
        b"Content-Type: application/pdf",
        b'Content-Disposition: attachment; filename="emails.pdf"',
        b"Content-Transfer-Encoding: base64",
        b"",
    ],
)
# RFC 2045 says 76; Python writes 77 where a blank at the end of a full line becomes `=20`.
_QUOTED_PRINTABLE: Final = re.compile(rb"[ -~]{0,78}")


def check(letter: ReadyLetter) -> None:
    """Raise UnsafeLetter, naming the part that is wrong and nothing of what stands in it."""
    _check_envelope(letter)
    lines = _lines(letter.content)
    end = lines.index(b"") if b"" in lines else len(lines)
    head = dict(_fields(lines[:end]))
    _check_head(letter, head)
    if _is_digest(head):
        _check_parts(head[b"Content-Type"], lines[end + 1 :], _DIGEST_PARTS)
    elif _is_message(head):
        _check_text(lines[end + 1 :])
    else:
        _check_parts(head[b"Content-Type"], lines[end + 1 :], _PARTS)


def _is_digest(head: dict[bytes, bytes]) -> bool:
    return _is_message(head) and head.get(b"Content-Type", b"").startswith(b"multipart/")


def _is_message(head: dict[bytes, bytes]) -> bool:
    return b"Reply-To" in head


def _check_envelope(letter: ReadyLetter) -> None:
    recipients = [("recipient", address) for address in letter.recipients]
    for name, address in (("sender", letter.envelope_sender), *recipients):
        try:
            same = addr_spec(address) == address
        except AddressRefused:
            same = False
        # smtplib reads the address once more before it names it to the server.
        if not same or parseaddr(address) != ("", address):
            raise UnsafeLetter(f"{name} of the envelope")
    if not set(letter.only_to) <= set(letter.recipients):
        raise UnsafeLetter("recipient of the envelope")


def _lines(content: bytes) -> list[bytes]:
    *lines, rest = content.split(b"\r\n")
    if rest:
        raise UnsafeLetter("end of the last line")
    for line in lines:
        if len(line) > LINE or re.search(rb"[\r\n\0]", line):
            raise UnsafeLetter("line that is too long or holds CR, LF or NUL")
    return lines


def _fields(lines: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Name and unfolded value of each header; none comes twice."""
    seen: set[bytes] = set()
    name, value = b"", b""
    for line in lines:
        if line.startswith(b" ") and name and line.strip(b" "):
            value += line
            continue
        if name:
            yield name, value
        name, colon, value = line.partition(b": ")
        if not colon or name not in _NAMES or name in seen:
            raise UnsafeLetter("header that we do not write, or write once")
        seen.add(name)
    if name:
        yield name, value


def _check_head(letter: ReadyLetter, head: dict[bytes, bytes]) -> None:
    ours = _HEAD | (_ONE_CLICK if head.keys() & _ONE_CLICK.keys() else {})
    if _is_message(head):
        expected = _REPLY_HEAD if b"Auto-Submitted" in head else _MESSAGE_HEAD
    else:
        expected = ours
    if _is_digest(head):
        expected = _DIGEST_HEAD
    if head.keys() != expected.keys():
        raise UnsafeLetter("header that is missing")
    for name, value in head.items():
        if not re.fullmatch(expected[name], value):
            raise UnsafeLetter(name.decode())
    for name in (b"From", b"Subject"):
        if any(map(_UNSEEN.search, _decoded(head[name]))):
            raise UnsafeLetter(name.decode())
    if letter.also_to and not _is_message(head):
        raise UnsafeLetter("several recipients")
    if head[b"To"] != ", ".join(letter.recipients).encode():
        raise UnsafeLetter("To")
    sender = letter.sender.encode()
    if head[b"From"] != sender and not head[b"From"].endswith(b" <%b>" % sender):
        raise UnsafeLetter("From")
    domain = letter.sender.rpartition("@")[2]
    if head[b"Message-ID"] != f"<{letter.message_id}@{domain}>".encode():
        raise UnsafeLetter("Message-ID")


def _decoded(value: bytes) -> Iterator[str]:
    """What mail programs show of its encoded words."""
    for word in re.findall(_ENCODED, value):
        try:
            yield b64decode(word.split(b"?")[3]).decode()
        except ValueError:  # no base64, or no UTF-8
            raise UnsafeLetter("encoded word") from None


def _check_text(lines: list[bytes]) -> None:
    if not all(map(_QUOTED_PRINTABLE.fullmatch, lines)):
        raise UnsafeLetter("body")


def _check_parts(
    content_type: bytes, lines: list[bytes], parts: tuple[list[bytes], list[bytes]]
) -> None:
    """Two parts with these heads, and no line between them that begins another."""
    boundary = content_type.partition(b'"')[2].rstrip(b'"')
    opening, closing = b"--" + boundary, b"--" + boundary + b"--"
    if not lines or lines.pop() != closing or lines.count(opening) != 2 or lines[0] != opening:
        raise UnsafeLetter("boundary")
    second = lines.index(opening, 1)
    for part, head in zip((lines[1:second], lines[second + 1 :]), parts, strict=True):
        if part[: len(head)] != head:
            raise UnsafeLetter("content type")
        if not all(map(_QUOTED_PRINTABLE.fullmatch, part[len(head) :])):
            raise UnsafeLetter("body")
        if any(line.startswith(opening) for line in part):
            raise UnsafeLetter("boundary")

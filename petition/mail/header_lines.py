"""Header lines made of their parts, byte by byte; nothing is parsed, so nothing is decoded."""

from __future__ import annotations

from base64 import b64encode
from binascii import b2a_qp
from typing import Final

from petition.config import Sender

WORD: Final = 39
"""Bytes in one encoded word: its line, which may begin with `Subject: `, stays within the 76
characters of RFC 2047."""
LINE: Final = 78
_BREAK: Final = "\r\n "


def line(name: str, value: str) -> str:
    """One header, on one line however long."""
    return f"{name}: {value}\r\n"


def from_line(sender: Sender) -> str:
    """The sender: the name quoted, or as encoded words where it is not ASCII."""
    if not sender.name:
        return line("From", sender.address)
    plain = sender.name.isascii() and "=?" not in sender.name
    name = _quoted(sender.name) if plain else _encoded(sender.name)
    between = " " if len(f"From: {name} <{sender.address}>") <= LINE else _BREAK
    return line("From", f"{name}{between}<{sender.address}>")


def subject_line(text: str) -> str:
    """The subject; ours, in one of our languages."""
    plain = text.isascii() and len("Subject: " + text) <= LINE and "=?" not in text
    return line("Subject", text if plain else _encoded(text))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _encoded(text: str) -> str:
    return _BREAK.join(
        f"=?utf-8?b?{b64encode(piece.encode()).decode()}?=" for piece in _pieces(text)
    )


def _pieces(text: str) -> list[str]:
    """The text in pieces of up to `WORD` bytes, none of which cuts a character in two."""
    pieces = [""]
    for char in text:
        if len((pieces[-1] + char).encode()) > WORD:
            pieces.append("")
        pieces[-1] += char
    return pieces


def quoted_printable(text: str) -> bytes:
    """A part's text with lines of up to 76 characters, each ended by CR LF."""
    return b2a_qp("".join(f"{each}\r\n" for each in text.splitlines()).encode())

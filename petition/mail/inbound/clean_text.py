"""Clean text: what strangers wrote, without anything that is not seen or that leads away."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from petition.domain.signatures.invisible_characters import without_stray_marks

_BREAKS: Final = re.compile("\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_END: Final = "<>\"'\\s"
_SCHEME: Final = re.compile(rf"(?<![\w.])(?:[a-z][a-z0-9+.-]{{0,20}}://|www\.)[^{_END}]+", re.I)
_OTHER_SCHEME: Final = re.compile(
    rf"(?<!\w)(?:mailto|tel|sms|callto|javascript|vbscript|data|blob|cid):(?=[^{_END}])", re.I
)
_BARE_QUERY: Final = re.compile(
    rf"(?<![\w@.])((?:[\w-]+\.)+[a-z]{{2,24}}(?:/[^{_END}?#]*)?)[?#][^{_END}]*[=/][^{_END}]*", re.I
)
_QUERY_OF_ADDRESS: Final = re.compile(rf"(@[\w.-]+\.\w+)\?[^{_END}]+")
BLANK_LINES: Final = 1
"""Empty lines in a row that are kept."""


def line_of(text: str, most: int) -> str:
    """One line, of at most so many characters."""
    return _shown(" ".join(_BREAKS.sub(" ", text[: 8 * most]).split()), most).strip()


def lines_of(text: str, most: int) -> tuple[str, bool]:
    """Lines, of at most so many characters together; whether that was all."""
    kept: list[str] = []
    empty = BLANK_LINES
    for each in _BREAKS.split(text[: 2 * most]):
        line = _shown(each.replace("\t", "    "), most).rstrip()
        empty = 0 if line else empty + 1
        if empty <= BLANK_LINES:
            kept.append(line)
    whole = "\n".join(kept).strip("\n")
    return whole[:most].rstrip(), len(whole) <= most and len(text) <= 2 * most


def _shown(text: str, most: int) -> str:
    """Without control characters, halves of characters, and what is not seen or turns others."""
    seen = "".join(each for each in text if unicodedata.category(each) not in {"Cc", "Cs", "Cn"})
    return without_stray_marks(seen)[:most]


def without_schemes(text: str) -> tuple[str, bool]:
    """Links as they are read out, with nothing behind them that names a reader; whether any was."""
    found = False

    def shown(link: re.Match[str]) -> str:
        nonlocal found
        found = True
        return readable(link[0])

    text, others = _OTHER_SCHEME.subn("", text)
    text = _SCHEME.sub(shown, text).replace("://", " ")
    text, queries = _BARE_QUERY.subn(r"\1", text)
    text, of_addresses = _QUERY_OF_ADDRESS.subn(r"\1", text)
    return text, found or bool(others + queries + of_addresses)


def readable(link: str) -> str:
    """A link's host and path: no scheme, no name before the host, no query, no fragment."""
    while "://" in link:  # one may be hidden behind another
        link = link.partition("://")[2]
    link = re.split(r"[?#]", link, maxsplit=1)[0]
    host, slash, path = link.partition("/")
    return host.rpartition("@")[2] + slash + path

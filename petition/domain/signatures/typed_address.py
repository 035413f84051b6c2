"""An address as people type or paste it: taken out of its wrapping, or offered where that is doubt.

A text that is an address as it stands is never changed. What comes out of a wrapping has passed
the same check as any other address, and goes through it again in the form.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

from email_validator import EmailNotValidError, validate_email

from petition.addr_spec import AddressRefused, addr_spec
from petition.domain.signatures.email_typos import likely_domain

_LONGEST: Final = 500
# What most people type: nothing of it could be a wrapping, so no need to take it apart twice.
_BARE: Final = re.compile(r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@[a-z0-9]+(?:[.-][a-z0-9]+)*", re.I | re.A)
_DOTS: Final = str.maketrans("。｡", "..")
# The beginning or end of what a mail program would decode: nothing is taken out of such a text.
_ENCODED: Final = re.compile(r"=\?|\?=")
_IN_ANGLES: Final = re.compile(r"([^<>]*)<([^<>]+)>[\s.,;]*")
# `E-Mail:`, in whatever language; `https:` is none. Without a blank behind it only a word that says
# so: in `ana:maria@…` the colon is a slip of the dot, and maria@… is somebody else.
_LABEL: Final = re.compile(
    r"(?!mailto:)[^@<>:/]{0,40}"
    r"(?::[*_]*\s+|(?:mail|adress?e?|address|correo|courriel|posta|poczta|البريد|الإلكتروني)\s*:)(?!/)",
    re.I,
)
_MAILTO: Final = re.compile(r"mailto:(?://)?([^?@]*@[^?]*)(?:\?.*)?", re.I)
_QUOTES: Final = "\"'`“”„‟‘’‚«»‹›"
_OPENING: Final = f"{_QUOTES}<([{{*_ "
_CLOSING: Final = f"{_QUOTES}>)]}}*_ .,;:!?…"
# What may begin an address, too: it is a wrapping only together with its other end.
_OTHER_END: Final = {"'": "'", "`": "`'", "{": "}", "*": "*", "_": "_"}
# Letters and signs in another width or size; other stand-ins, as `²`, are somebody's own.
_SHAPES: Final = ("<wide>", "<narrow>", "<small>")
_AT: Final = re.compile(r"\s*@\s*")
_BLANK_BEFORE_DOT: Final = re.compile(r"(?<=[^\s.])\s+\.(?=[^\s.])")

_WORDS_FOR_AT: Final = re.compile(
    r"\s*(?:[(\[{<]\s*(?:at|ät|a|@|arroba|arobase|chiocciola|małpa|et)\s*[)\]}>]|\s(?:at|ät)\s)\s*",
    re.I,
)
_WORDS_FOR_DOT: Final = re.compile(
    r"\s*(?:[(\[{<]\s*(?:dot|\.|punkt|punto|point|kropka)\s*[)\]}>]|\s(?:dot|punkt)\s)\s*", re.I
)
_SLIPS_OF_DOTS: Final = re.compile(r"\s*[.,;:·]+\s*")


def address_in(text: str) -> str:
    """The address that a text surely holds; the text itself where it holds none, or may."""
    if len(text) > _LONGEST or _BARE.fullmatch(text) or _ENCODED.search(text) or _is_address(text):
        return text
    found = _unwrapped(unicodedata.normalize("NFC", "".join(map(_in_shape, text.translate(_DOTS)))))
    return found if found and _can_be_written_to(found) else text


def likely_address(text: str) -> str | None:
    """The address probably meant by a text that is none: for offering, never for taking."""
    if len(text) > _LONGEST or _ENCODED.search(text):
        return None
    plain = unicodedata.normalize("NFKC", text.translate(_DOTS))
    return next(filter(None, map(_offered, (*_words_with_at(plain), plain))), None)


def _words_with_at(text: str) -> list[str]:
    """The one word that looks like an address, where there is only one."""
    words = [word for word in text.split() if "@" in word]
    return words if len(words) == 1 and text.count("@") == 1 else []


def _unwrapped(text: str) -> str | None:
    in_angles = _IN_ANGLES.fullmatch(text)
    if in_angles:
        named, text = in_angles[1], in_angles[2]
        if "@" in named and _bare(named) != _bare(text):
            return None  # two addresses: which one?
    address = text = _opened(text)
    if label := _LABEL.match(text):
        address = text[label.end() :]
    if mailto := _MAILTO.fullmatch(address):
        address = unquote(mailto[1])
    if address != text:  # it was the label that had been wrapped
        address = _opened(address)
    return _BLANK_BEFORE_DOT.sub(".", _AT.sub("@", address.rstrip(_CLOSING)))


def _bare(text: str) -> str:
    """For comparing alone: without what may be a wrapping, or the beginning of an odd address."""
    return text.strip(_OPENING + _CLOSING).casefold()


def _in_shape(char: str) -> str:
    other = unicodedata.decomposition(char).startswith(_SHAPES)
    return unicodedata.normalize("NFKC", char) if other else char


def _opened(text: str) -> str:
    """Without what stands before it; of two that may be a wrapping, never one alone."""
    ends = list(text[len(text.rstrip(_CLOSING)) :])
    for place, char in enumerate(text):
        if char not in _OPENING:
            return text[place:]
        if char in _OTHER_END:
            end = next((each for each in ends if each in _OTHER_END[char]), None)
            if end is None:
                return text[place:]
            ends.remove(end)
    return ""


def _offered(text: str) -> str | None:
    at = _WORDS_FOR_AT.sub("@", text) if "@" not in text else text
    local, _, domain = re.sub("@+", "@", at).partition("@")
    if "," in local or ";" in local or "@" in domain:
        return None  # more than one address, or a slip that can be read in two ways
    dotted = _SLIPS_OF_DOTS.sub(".", _WORDS_FOR_DOT.sub(".", domain))
    address = _unwrapped(f"{re.sub('[.]+', '.', _WORDS_FOR_DOT.sub('.', local))}@{dotted}")
    if not address or not _can_be_written_to(address):
        return None
    local, _, domain = address.rpartition("@")
    return f"{local}@{likely_domain(domain.lower()) or domain}"


def _is_address(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False, strict=True, allow_quoted_local=False)
    except (EmailNotValidError, UnicodeError):
        return False
    return True


def _can_be_written_to(text: str) -> bool:
    """Whether a letter of ours may bear it: unwrapping is no way round that check."""
    if not _is_address(text):
        return False
    try:
        addr_spec(text)
    except AddressRefused:
        return False
    return True

"""A supporter: which names we take, and what is kept of a person only sealed."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import msgspec

from petition.domain.signatures.invisible_characters import without_marks, without_stray_marks

NAME_LENGTH: Final = 100
COMMENT_LENGTH: Final = 1000
POSTCODE_LENGTH: Final = 16

_LINK = re.compile(
    r"""
    https?: | :// | [a-z0-9]// | www\. | \w@\w | \bxn-- | \w\.[a-z][a-z0-9-]+[/:?\#]
    | [\w-]\.(?:com|net|org|io|ru|info|biz|xyz|app|shop|top|site|online|club|link|click)\b
    """,
    re.I | re.X,
)
# M.Com, J.R.Net, A.-M.Ru, Dr.Net: an initial and a family name with no blank between. Both begin
# with a capital and no path follows; a host is written small, or is longer than one letter.
_INITIALS = re.compile(
    r"(?<![\w.-])(?:(?:[^\W\d_a-z]|Dr|Fr|Ing|Jr|Mag|Mme|Mr|Mrs|Ms|Prof|Sr|Sra|St|Ste)\.-?)+"
    r"(?=[A-Z][A-Za-z]*(?!\.?[\w@/:?\#]))"
)
# What browsers and mail programs read as a dot.
_DOTS = str.maketrans("。｡．", "...")


def clean(text: str) -> str:
    """NFC, with every run of white space folded to one blank, and no stray invisible mark."""
    composed = without_stray_marks(unicodedata.normalize("NFC", text))
    return " ".join(unicodedata.normalize("NFC", composed).split())


def clean_unscripted(text: str) -> str:
    """Like `clean`, without any invisible mark: for addresses, postcodes, codes, domains."""
    return clean(without_marks(text))


def clean_lines(text: str) -> str:
    """Like `clean`, line by line, with at most one empty line in a row."""
    lines = [clean(line) for line in text.replace("\r\n", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def has_control(text: str, *, allow: str = "") -> bool:
    """True when the text holds a control, an unpaired surrogate or a direction override.

    Joiners (U+200C, U+200D) stay: Persian and many Indian names need them.
    """
    if text.isascii() and text.isprintable():
        return False
    return any(
        unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
        or "\u202a" <= char <= "\u202e"
        or "\u2066" <= char <= "\u2069"
        for char in text
        if char not in allow
    )


def has_link(text: str) -> bool:
    """True when a name holds what mail programs would turn into a link or an address."""
    plain = unicodedata.normalize("NFKC", text.translate(_DOTS))
    return _LINK.search(_INITIALS.sub(" ", plain)) is not None


def has_letter(text: str) -> bool:
    """True when at least one character is a letter, of whatever script."""
    return any(unicodedata.category(char)[0] == "L" for char in text)


class Person(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a supporter tells of themselves; kept only sealed. Empty text means not given.

    All that handles it goes by these fields. It is kept as a list: a new field stands last and has
    a default, which it gets in what was kept before.
    """

    given_name: str
    family_name: str
    email: str
    postcode: str = ""
    comment: str = ""

    def typed(self) -> dict[str, str]:
        """Each field's name and what was typed."""
        return msgspec.structs.asdict(self)

"""The six-letter code: confirms an entry by hand, for people who do not follow links."""

from __future__ import annotations

import unicodedata
from hashlib import sha256
from hmac import digest
from typing import Final

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowel, so that no word comes out; no digit, so that no O is a 0 and no I or L a 1."""
LENGTH: Final = 6
"""20 letters, six times: 64 million codes, 25.9 bits. The limit on tries does the rest."""

_CODES: Final = len(ALPHABET) ** LENGTH
_SALT: Final = b"petition.code"
_LONGEST_TYPED: Final = 100
_TATWEEL: Final = "\u0640"
"""The stroke that an Arabic keyboard has where others have a dash."""


def code(secret_key: str, entry_id: int) -> str:
    """The code of an entry: always the same, and nobody without the key can work it out."""
    key = digest(secret_key.encode(), _SALT, sha256)
    # The leftover of 256 bits over 26 favours a code by less than one part in 2 to the 230th.
    number = int.from_bytes(digest(key, str(entry_id).encode(), sha256), "big") % _CODES
    letters = []
    for _ in range(LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(letters)


def shown(code: str) -> str:
    """As letters and pages show it: `KFQ-TRW`."""
    half = LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def typed(text: str) -> str:
    """The code that somebody typed or pasted; empty when it is none.

    Case, blanks, dashes of every script, full-width letters and the invisible marks that come
    along when text is copied out of a right-to-left letter make no difference.
    """
    if len(text) > _LONGEST_TYPED:
        return ""
    plain = unicodedata.normalize("NFKC", text)
    letters = "".join(char for char in plain if not _between(char))
    if len(letters) != LENGTH or not letters.isascii():
        return ""
    letters = letters.upper()
    return letters if set(letters) <= set(ALPHABET) else ""


def _between(char: str) -> bool:
    """Blanks, dashes, control and format characters: what may stand between the letters."""
    category = unicodedata.category(char)
    return category in {"Zs", "Zl", "Zp", "Cc", "Cf", "Pd", "Pc"} or char in {_TATWEEL, "\u2212"}

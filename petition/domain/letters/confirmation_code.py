"""The six-letter code: confirms an entry by hand, for people who do not follow links."""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256
from hmac import digest
from typing import Final

from petition.domain.signatures.invisible_characters import without_marks

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowel, so that no word comes out; no digit, so that no O is a 0 and no I or L a 1."""
LENGTH: Final = 6
"""20 letters, six times: 64 million codes, 25.9 bits. The limit on tries does the rest."""

_CODES: Final = len(ALPHABET) ** LENGTH
_SALT: Final = b"petition.code"
_LONGEST_TYPED: Final = 100
# Letters, digits and marks; all else may stand between two letters. So may the underline, and the
# stroke that an Arabic keyboard has where others have a dash.
_WORD: Final = re.compile(r"[^\W_\u0640]+(?:[\u0300-\u036f]+[^\W_\u0640]*)*")
_LOOK_ALIKE: Final = str.maketrans("258", "ZSB")


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

    Case, blanks, dashes, full stops, quotes and brackets of every script, full-width letters, the
    invisible marks that come along when text is copied out of a right-to-left letter, and a word
    before or after it, as in `Code: KFQ-TRW`, make no difference. A 2, 5 or 8 is the letter that
    looks like it: no code holds a digit.
    """
    if len(text) > _LONGEST_TYPED:
        return ""
    plain = unicodedata.normalize("NFKC", without_marks(text))
    words = _WORD.findall(plain.rpartition(":")[2]) or _WORD.findall(plain)
    while words and _is_label(words[0]):
        del words[0]
    while words and _is_label(words[-1]):
        del words[-1]
    letters = "".join(words).translate(_LOOK_ALIKE)
    if len(letters) != LENGTH or not letters.isascii():
        return ""
    letters = letters.upper()
    return letters if set(letters) <= set(ALPHABET) else ""


def _is_label(word: str) -> bool:
    """True for a word that says what follows: `Code`, `Kod`, `الرمز`. No code holds its vowels."""
    is_long = len(word) > 1 and word.isalpha()
    return is_long and not set(word.upper()) <= set(ALPHABET)

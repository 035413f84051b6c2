"""Return words: the local parts that mail comes back to, each made from the number of a letter.

`bavotiru-melakota-nepisoda` is a letter's number in disguise and a proof that we made it: short, to
be read out, and equal at every try. Nothing is stored for it, so one that was never made and one
whose letter is gone are told apart by nobody.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest, new as hmac
from typing import Final

CONSONANTS: Final = "bdfghjklmnprstvz"
VOWELS: Final = "aeio"
WORD: Final = 8
NUMBER: Final = 4
"""Bytes of a letter's number."""
PROOF: Final = 5
"""Bytes that only we can make."""
LETTERS: Final = (NUMBER + PROOF) * 8 // 3
LONGEST: Final = 100
"""Characters of a local part that is looked at."""


class ReturnKind(StrEnum):
    """What comes back to such an address."""

    ENVELOPE = "envelope"
    """What mail servers say about a letter."""
    ALIAS = "alias"
    """What a target answers to a message."""


def words(secret_key: str, kind: ReturnKind, letter_id: int) -> str:
    """The words of a letter."""
    number = letter_id.to_bytes(NUMBER, "big")
    proof = _mac(secret_key, kind, b"proof", number)[:PROOF]
    return _spelled(proof + _masked(secret_key, kind, proof, number))


def letter_id(secret_key: str, kind: ReturnKind, local_part: str) -> int | None:
    """The letter that the words are of; None when we did not make them."""
    packed = _read(local_part)
    proof = packed[:PROOF]
    number = _masked(secret_key, kind, proof, packed[PROOF:])
    ours = compare_digest(proof, _mac(secret_key, kind, b"proof", number)[:PROOF])
    return int.from_bytes(number, "big") if ours else None


def _masked(secret_key: str, kind: ReturnKind, proof: bytes, number: bytes) -> bytes:
    mask = _mac(secret_key, kind, b"mask", proof)
    return bytes(one ^ other for one, other in zip(number, mask, strict=False))


def _mac(secret_key: str, kind: ReturnKind, what: bytes, value: bytes) -> bytes:
    text = b"return words %b %b " % (kind.encode(), what)
    return hmac(secret_key.encode(), text + value, sha256).digest()


def _spelled(packed: bytes) -> str:
    """Six bits are a syllable: four choose its consonant and two its vowel."""
    rest = int.from_bytes(packed, "big")
    syllables = []
    for _ in range(LETTERS // 2):
        rest, six = divmod(rest, 64)
        syllables.append(CONSONANTS[six >> 2] + VOWELS[six & 3])
    text = "".join(reversed(syllables))
    return "-".join(text[place : place + WORD] for place in range(0, len(text), WORD))


def _read(local_part: str) -> bytes:
    """The bytes that were spelled; of what is none of ours, some that prove nothing."""
    text = local_part[:LONGEST].lower().replace("-", "")
    total = 0
    for place in range(LETTERS // 2):
        consonant = CONSONANTS.find(text[2 * place : 2 * place + 1] or "?")
        vowel = VOWELS.find(text[2 * place + 1 : 2 * place + 2] or "?")
        wrong = consonant < 0 or vowel < 0
        total = total * 64 + (0 if wrong else (consonant << 2 | vowel))
    if len(text) != LETTERS:
        total = 0
    return total.to_bytes(NUMBER + PROOF, "big")

"""Recipients: the public keys that a list can be encrypted to, so that one side alone reads it.

They are those of age: `age1…`, which `age-keygen` makes, or a public key of SSH.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pyrage

from petition.errors import PetitionError

LONGEST: Final = 2_000
"""An RSA key of 8,192 bits has some 1,400 letters."""

_SECRET: Final = re.compile(r"AGE-SECRET-KEY-|PRIVATE KEY", re.IGNORECASE)
_SSH: Final = re.compile(r"ssh-[a-z0-9]+\Z")


class RecipientRefused(PetitionError):
    """This is no public key of age or SSH, such as age1… or ssh-ed25519 AAAA…"""


class SecretKeyGiven(RecipientRefused):
    """This is the secret part of a key. It opens what is encrypted: make a new one, give age1…"""


def recipient_of(text: str) -> str:
    """The key as it is kept: without blanks around it, and without the comment of an SSH key.

    Raises RecipientRefused, SecretKeyGiven.
    """
    if _SECRET.search(text):
        raise SecretKeyGiven
    words = text.split()
    if not words or len(text) > LONGEST:
        raise RecipientRefused
    kept = " ".join(words[:2]) if _SSH.match(words[0]) else words[0].lower()
    if len(words) > 1 and kept == words[0].lower():
        raise RecipientRefused
    opened(kept)
    return kept


def opened(kept: str) -> Any:
    """The key, ready to encrypt to; pyrage has no types. Raises RecipientRefused."""
    kind = pyrage.ssh.Recipient if kept.startswith("ssh-") else pyrage.x25519.Recipient
    try:
        return kind.from_str(kept)
    except pyrage.RecipientError:
        raise RecipientRefused from None

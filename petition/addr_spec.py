"""Mail addresses as a letter and an envelope may carry them: checked character by character.

Nothing here is handed to a parser of headers: those decode, unquote and split what they read.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from email_validator import EmailNotValidError, validate_email

from petition.errors import PetitionError

LOCAL_LENGTH: Final = 64
"""Bytes before the @ (RFC 5321, 4.5.3.1.1)."""
DOMAIN_LENGTH: Final = 253

_ASCII_TAKEN: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.#$&'*+-/=?^_{}~"
)
"""A dot-atom's characters, without those that route (%, !), pipe (|) or run (`)."""
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class AddressRefused(PetitionError):
    """No letter of ours goes to an address of this form."""


def addr_spec(text: str) -> str:
    """The address to write on a letter: local part as it stands, domain as lower-case A-label.

    Raises AddressRefused for quoted parts, comments, lists, groups, routes, encoded words,
    literals, and whatever else some program on the way could read as more than one mailbox.
    """
    local, _, domain = text.rpartition("@")
    _check_local(local)
    return f"{local}@{a_label(domain)}"


def _check_local(local: str) -> None:
    if not local or len(local.encode("utf-8", "replace")) > LOCAL_LENGTH:
        raise AddressRefused
    # A server may compose what it is given: a full-width sign then becomes the plain one.
    for form in (local, unicodedata.normalize("NFKC", local)):
        if not all(map(_is_taken, form)) or "" in form.split(".") or form.startswith("/"):
            raise AddressRefused
        if "=?" in form or "?=" in form:  # the beginning or the end of an encoded word
            raise AddressRefused


def _is_taken(char: str) -> bool:
    # Letters, marks, numbers, punctuation and symbols of any script: no blank, nothing unseen.
    return char in _ASCII_TAKEN if char.isascii() else unicodedata.category(char)[0] in "LMNPS"


def a_label(domain: str) -> str:
    """The domain as every server reads it; raises AddressRefused."""
    if not domain.isascii():
        try:
            domain = validate_email(f"x@{domain}", check_deliverability=False).ascii_domain
        except EmailNotValidError:
            raise AddressRefused from None
    domain = domain.lower()
    if len(domain) > DOMAIN_LENGTH or not all(map(_LABEL.fullmatch, domain.split("."))):
        raise AddressRefused
    return domain

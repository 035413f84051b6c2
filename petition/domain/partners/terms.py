"""What is arranged with a partner: who it is by law, where its notice is, how long it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from petition.addr_spec import AddressRefused, addr_spec
from petition.domain.signatures import supporter
from petition.errors import PetitionError

WORDS_VERSION: Final = 1
"""Of our own words of the arrangement (templates/partner/_arrangement.html): other words with
another meaning are a new version, and every partner has to accept anew."""
CONTROLLER_LENGTH: Final = 200
URL_LENGTH: Final = 500
ACCEPTED_BY_LENGTH: Final = 100
LONGEST_RETENTION: Final = 60
"""Months."""


class TermsRefused(PetitionError):
    """One of the settings is none; `field` says which."""

    def __init__(self, field: str, takes: str) -> None:
        super().__init__(f"{field} takes {takes}")
        self.field = field


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the arrangement with a partner is made of. It sees its own opt-ins, and nothing else."""

    controller: str
    privacy_url: str
    contact_email: str
    language: str
    """In which we write to it."""
    retention_months: int
    words_version: int = WORDS_VERSION


def terms_of(
    *, controller: str, privacy_url: str, contact_email: str, language: str, retention_months: int
) -> Terms:
    """The terms as they are kept. Raises TermsRefused for the first that is none."""
    return Terms(
        controller=_name(controller, "controller", CONTROLLER_LENGTH),
        privacy_url=_address(privacy_url),
        contact_email=_email(contact_email),
        language=language,
        retention_months=_months(retention_months),
    )


def accepting_name(text: str) -> str:
    """The name that somebody accepts with, as it is kept. Raises TermsRefused."""
    return _name(text, "name", ACCEPTED_BY_LENGTH)


def _name(text: str, field: str, longest: int) -> str:
    name = supporter.clean(text)
    if len(name) > longest or not supporter.has_letter(name) or supporter.has_control(name):
        raise TermsRefused(field, f"1 to {longest} characters, with a letter among them")
    return name


def _address(text: str) -> str:
    refused = TermsRefused("privacy_url", "an address that begins with https://")
    address = text.strip()
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise refused from None
    plain = address.isascii() and address.isprintable() and not set(' "<>\\') & set(address)
    if parts.scheme != "https" or "." not in host or "@" in parts.netloc or not plain:
        raise refused
    if len(address) > URL_LENGTH:
        raise refused
    return address


def _email(text: str) -> str:
    refused = TermsRefused("contact_email", "an email address such as name@example.org")
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_quoted_local=False)
        addr_spec(f"{found.local_part}@{found.ascii_domain}")
    except (EmailNotValidError, AddressRefused):
        raise refused from None
    return str(found.normalized)


def _months(number: int) -> int:
    if not 1 <= number <= LONGEST_RETENTION:
        raise TermsRefused("retention_months", f"1 to {LONGEST_RETENTION} months")
    return number

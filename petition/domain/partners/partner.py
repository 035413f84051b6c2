"""A partner: what it is called, which sites may show its form, and by which key they ask for it."""

from __future__ import annotations

import re
import secrets
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from petition.domain.signatures import supporter
from petition.errors import PetitionError


class PartnerState(StrEnum):
    """Whether its sites show a form."""

    LIVE = "live"
    BLOCKED = "blocked"


class PartnerEventKind(StrEnum):
    """What became of somebody's yes to a partner."""

    OPTED_IN = "opted_in"
    """The partner may write to them: they said so, and their address is confirmed."""
    WITHDRAWN = "withdrawn"
    """It may not any more: they took the yes or the signature back, or it counts no more."""
    ERASED = "erased"
    """Nothing of them is left with us, and nothing may be left with the partner."""


NAME_LENGTH: Final = 100
MOST_ORIGINS: Final = 10
KEY_LENGTH: Final = 16
DEMO: Final = "petition start"
"""Who made the partner of the demo page, which is there in development only: no person did."""

_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\Z")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class NameRefused(PetitionError):
    """A partner's name has 1 to 100 characters, with a letter among them and no line breaks."""


class OriginsRefused(PetitionError):
    """These are no origins of sites, such as https://union.example.org."""


class OriginRefused(OriginsRefused):
    """This is no origin of a site, such as https://union.example.org."""

    def __init__(self, typed: str) -> None:
        super().__init__(f'takes a site such as https://union.example.org, not "{typed}"')
        self.typed = typed


def new_key() -> str:
    """A key that nobody has. It is no secret: it stands in the source of the partner's pages."""
    return secrets.token_hex(KEY_LENGTH // 2)


def name_of(text: str) -> str:
    """The name as it is kept. Raises NameRefused."""
    name = supporter.clean(text)
    if len(name) > NAME_LENGTH or not supporter.has_letter(name) or supporter.has_control(name):
        raise NameRefused
    return name


def origins_of(texts: list[str]) -> tuple[str, ...]:
    """The origins, each once, in the order given. Raises OriginsRefused, OriginRefused."""
    found = tuple(dict.fromkeys(map(origin_of, texts)))
    if not 0 < len(found) <= MOST_ORIGINS:
        raise OriginsRefused(f"a partner has 1 to {MOST_ORIGINS} sites")
    return found


def origin_of(text: str) -> str:
    """A site's origin as browsers write it, of whichever of its addresses. Raises OriginRefused.

    What comes out stands in a header as it is. Only this machine's own sites may do without TLS:
    on the way anybody could put another form in the place of ours.
    """
    refused = OriginRefused(text)
    try:
        parts = urlsplit(text.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise refused from None
    host = host if host.isascii() else _a_label(host)
    if (
        not is_host(host)
        or "@" in parts.netloc
        or not (parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host)))
        or not ("." in host or _is_this_machine(host))
    ):
        raise refused
    own_port = port not in {None, _DEFAULT_PORTS[parts.scheme]}
    return f"{parts.scheme}://{host}{f':{port}' if own_port else ''}"


def is_host(text: str) -> bool:
    """True for a host as it stands in an origin: lower case, without anything else."""
    return _HOST.match(text) is not None


def _is_this_machine(host: str) -> bool:
    return host in {"localhost", "127.0.0.1"} or host.endswith(".localhost")


def _a_label(host: str) -> str:
    """The host as the DNS knows it; empty when there can be none."""
    try:
        return validate_email(f"x@{host}", check_deliverability=False).ascii_domain.lower()
    except EmailNotValidError:
        return ""

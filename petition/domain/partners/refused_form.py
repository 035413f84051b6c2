"""A form that was refused because of its key: what of it may be kept, and how much."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from petition.domain.partners.partner import is_host


class KeyFault(StrEnum):
    """Why a form with this key is not shown or taken."""

    UNKNOWN = "unknown"
    """It is no partner's of the campaign."""
    BLOCKED = "blocked"
    NOT_ACCEPTED = "not_accepted"
    """The partner's person has not accepted the arrangement yet."""
    OTHER_SITE = "other_site"
    """The page that sent the form is none of the partner's."""


KEPT: Final = timedelta(days=30)
MOST_SITES: Final = 20
"""Sites that are kept apart for one campaign and one kind of key; all others are one row."""
UNKNOWN_SITE: Final = ""
"""Where the browser names no site, or too many sites were there already."""
UNKNOWN_KEY: Final = ""
"""What is no key of anybody is not kept: it may be anything."""

_HOST_LENGTH: Final = 253


def site_of(referrer: str) -> str:
    """The host of the page around the frame, and nothing else of its address."""
    try:
        host = (urlsplit(referrer).hostname or "").rstrip(".")
    except ValueError:
        return UNKNOWN_SITE
    return host if len(host) <= _HOST_LENGTH and is_host(host) else UNKNOWN_SITE

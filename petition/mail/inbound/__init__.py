"""What comes in by mail: read without trusting a byte of it, whatever it is."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from petition.errors import PetitionError

HOW_TO_INSTALL: Final = (
    "incoming mail needs the extra `mail`: pip install 'petition[mail]', or from the locks, as "
    "docs/hosts.md says under “Signed emails”"
)


class MailExtraMissing(PetitionError):
    """The extra `mail` is not installed."""


def is_available() -> bool:
    """Whether the extra `mail` is installed."""
    try:
        return find_spec("flufl.bounce") is not None and find_spec("inscriptis") is not None
    except ModuleNotFoundError:
        return False


def check_available() -> None:
    """Raise MailExtraMissing, with how it is installed."""
    if not is_available():
        raise MailExtraMissing(HOW_TO_INSTALL)

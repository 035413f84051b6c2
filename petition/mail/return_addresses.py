"""Return addresses: where reports on a letter and answers to a message come back to."""

from __future__ import annotations

from petition.config import Settings
from petition.domain.letters import return_words
from petition.domain.letters.return_words import ReturnKind


def return_path(settings: Settings, letter_id: int) -> str | None:
    """The envelope's sender of a letter; None where nothing of ours receives reports."""
    return _address(settings, ReturnKind.ENVELOPE, letter_id) if settings.receives else None


def alias(settings: Settings, letter_id: int) -> str:
    """Where a target answers to the message in that letter."""
    if not settings.receives:
        return settings.reply_to
    return _address(settings, ReturnKind.ALIAS, letter_id)


def _address(settings: Settings, kind: ReturnKind, letter_id: int) -> str:
    words = return_words.words(settings.secret_key, kind, letter_id)
    return f"{words}@{settings.return_domain}"

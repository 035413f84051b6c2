"""Letters to staff, about their own account: two short paragraphs each, and no link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from petition import i18n
from petition.domain.letters import letter as kinds
from petition.mail.letters import LetterContext, finished
from petition.mail.ready_letter import ReadyLetter
from petition.store.letters.staff_letters import StaffLetter

Words = tuple[str, str, str]
"""The subject, what happened, and what to do."""


def _new_factor(language: i18n.Language, host: str) -> Words:
    return (
        language.gettext("A second factor was set up"),
        language.gettext(
            "A second factor was set up for your account at %(host)s, and you were signed out "
            "everywhere else. If that was you, there is nothing to do."
        )
        % {"host": host},
        language.gettext(
            "If it was not you, somebody has your password. Tell an owner of the console, or "
            "whoever runs the server, at once: they can close the account."
        ),
    )


def _factor_removed(language: i18n.Language, host: str) -> Words:
    return (
        language.gettext("A second factor was removed"),
        language.gettext(
            "One of the second factors of your account at %(host)s was removed, and you were "
            "signed out everywhere else. If that was you, there is nothing to do."
        )
        % {"host": host},
        language.gettext(
            "If it was not you, somebody has your password. Tell an owner of the console, or "
            "whoever runs the server, at once: they can close the account."
        ),
    )


def _wrong_codes(language: i18n.Language, host: str) -> Words:
    return (
        language.gettext("Somebody may have your password"),
        language.gettext(
            "Somebody typed your password at %(host)s and then several wrong codes. They did not "
            "get in."
        )
        % {"host": host},
        language.gettext(
            "If it was not you, ask an owner of the console, or whoever runs the server, for a new "
            "link today: with it you set another password."
        ),
    )


def _reset(language: i18n.Language, host: str) -> Words:
    return (
        language.gettext("A link for a new second factor"),
        language.gettext(
            "A link was made with which a new second factor can be set up for your account at "
            "%(host)s. It works once, within 24 hours, and only with your password. You were "
            "signed out everywhere."
        )
        % {"host": host},
        language.gettext(
            "If you did not ask for it, tell an owner of the console, or whoever runs the server, "
            "at once."
        ),
    )


def _reset_told(language: i18n.Language, host: str) -> Words:
    return (
        language.gettext("A link for somebody’s new second factor"),
        language.gettext(
            "At %(host)s a link was made with which one of the staff can set up a new second "
            "factor. The audit log says who made it, for whom and why."
        )
        % {"host": host},
        language.gettext(
            "If you know nothing of it, ask the others today, and close the account if in doubt."
        ),
    )


_WORDS: Final[Mapping[str, Callable[[i18n.Language, str], Words]]] = {
    kinds.NEW_FACTOR: _new_factor,
    kinds.FACTOR_REMOVED: _factor_removed,
    kinds.WRONG_CODES: _wrong_codes,
    kinds.RESET: _reset,
    kinds.RESET_TOLD: _reset_told,
}
KINDS: Final = tuple(_WORDS)


def to_staff(context: LetterContext, letter: StaffLetter, at: datetime) -> ReadyLetter | None:
    """The letter; None for a kind that only a newer version knows."""
    words = _WORDS.get(letter.kind)
    if words is None:
        return None
    host = urlsplit(context.settings.base_url).netloc
    subject, *paragraphs = words(i18n.language(letter.language), host)
    return finished(context, letter, "to_staff", subject, {"paragraphs": paragraphs}, letter.to, at)

"""Letters to staff, about the console: two short paragraphs each, and no link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from petition import i18n
from petition.domain.letters import letter as kinds
from petition.mail.letters import LetterContext, finished
from petition.mail.ready_letter import ReadyLetter
from petition.store.letters.staff_letters import StaffLetter


def N_(words: str) -> str:  # noqa: N802  # by this name pybabel knows what is to be translated
    """Words that are translated later, into the reader's language."""
    return words


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a letter says, in English."""

    subject: str
    what_happened: str
    """At `%(host)s`."""
    what_to_do: str


_WORDS: Final[Mapping[str, Words]] = {
    kinds.NEW_FACTOR: Words(
        subject=N_("A second factor was set up"),
        what_happened=N_(
            "A second factor was set up for your account at %(host)s, and you were signed out "
            "everywhere else. If that was you, there is nothing to do."
        ),
        what_to_do=N_(
            "If it was not you, somebody has your password. Tell an owner of the console, or "
            "whoever runs the server, at once: they can close the account."
        ),
    ),
    kinds.FACTOR_REMOVED: Words(
        subject=N_("A second factor was removed"),
        what_happened=N_(
            "One of the second factors of your account at %(host)s was removed, and you were "
            "signed out everywhere else. If that was you, there is nothing to do."
        ),
        what_to_do=N_(
            "If it was not you, somebody has your password. Tell an owner of the console, or "
            "whoever runs the server, at once: they can close the account."
        ),
    ),
    kinds.WRONG_CODES: Words(
        subject=N_("Somebody may have your password"),
        what_happened=N_(
            "Somebody typed your password at %(host)s and then several wrong codes. They did not "
            "get in."
        ),
        what_to_do=N_(
            "If it was not you, ask an owner of the console, or whoever runs the server, for a new "
            "link today: with it you set another password."
        ),
    ),
    kinds.RESET: Words(
        subject=N_("A link for a new second factor"),
        what_happened=N_(
            "A link was made with which a new second factor can be set up for your account at "
            "%(host)s. It works once, within 24 hours, and only with your password. You were "
            "signed out everywhere."
        ),
        what_to_do=N_(
            "If you did not ask for it, tell an owner of the console, or whoever runs the server, "
            "at once."
        ),
    ),
    kinds.RESET_TOLD: Words(
        subject=N_("A link for somebody’s new second factor"),
        what_happened=N_(
            "At %(host)s a link was made with which one of the staff can set up a new second "
            "factor. The audit log says who made it, for whom and why."
        ),
        what_to_do=N_(
            "If you know nothing of it, ask the others today, and close the account if in doubt."
        ),
    ),
    kinds.MANY_RECORDS: Words(
        subject=N_("Many records were opened"),
        what_happened=N_(
            "At %(host)s one account opened the records of more than 30 people within an hour. "
            "The audit log says which account it was, and when."
        ),
        what_to_do=N_(
            "If you do not know what it was for, ask that person today. If in doubt, close the "
            "account: whoever uses it is then signed out at once."
        ),
    ),
    kinds.WEBHOOK_FAILS: Words(
        subject=N_("A webhook does not answer"),
        what_happened=N_(
            "A program that gets webhooks from %(host)s has not taken any for a day or longer. "
            "Nothing is lost: what it has not got waits for it."
        ),
        what_to_do=N_(
            "The console shows under Webhooks which one it is. If it does not answer within three "
            "days, it is switched off."
        ),
    ),
    kinds.WEBHOOK_OFF: Words(
        subject=N_("A webhook was switched off"),
        what_happened=N_(
            "%(host)s sends nothing any more to one of the programs that get webhooks: it has not "
            "answered for three days, or said itself that it is gone."
        ),
        what_to_do=N_(
            "The console shows under Webhooks which one it is. Withdrawals and erasures may wait "
            "for it: please have it mended, and then switch it on again."
        ),
    ),
    kinds.PROVIDER_BLOCKS: Words(
        subject=N_("A mail provider blocks our emails"),
        what_happened=N_(
            "Of the emails that %(host)s sent to one mail provider, it refused more than one in "
            "twenty within the last hour. Nothing is sent there for an hour; nothing is lost."
        ),
        what_to_do=N_(
            "The console shows under Campaigns which provider it is. Please tell whoever runs this "
            "server: the provider’s own page for senders says why, and what to do about it."
        ),
    ),
}
KINDS: Final = tuple(_WORDS)


def to_staff(context: LetterContext, letter: StaffLetter, at: datetime) -> ReadyLetter | None:
    """The letter; None for a kind that only a newer version knows."""
    words = _WORDS.get(letter.kind)
    if words is None:
        return None
    say = i18n.language(letter.language).gettext
    host = urlsplit(context.settings.base_url).netloc
    paragraphs = [say(words.what_happened) % {"host": host}, say(words.what_to_do)]
    return finished(
        context, letter, "to_staff", say(words.subject), {"paragraphs": paragraphs}, letter.to, at
    )

"""Automatic mail: answers of programs, which are not passed on, and mail that goes in circles."""

from __future__ import annotations

import re
from email.message import Message
from typing import Final

MOST_HOPS: Final = 40
"""Servers that an email passed; more, and it goes in circles."""
_PRECEDENCE: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_MARKS: Final = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-auto-reply-from",
    "x-facebook-notify",
    "x-challenge",
    "x-boxtrapper",
    "x-spamarrest-noauth",
    "x-uol-challenge",
    "x-tmda-fingerprint",
    "x-vacation",
    "list-id",
    "list-unsubscribe",
    "feedback-id",
)
_SUBJECT: Final = re.compile(
    r"^\W*(?:(?:re|aw|antw|tr|odp|r)\s*:\s*)*(?:"
    # Out of office, in our languages.
    r"auto(?:matic|mated)?[ -]*(?:reply|response|responder)"
    r"|automatic reply|auto:|out of (?:the )?office|ooo\b|away from (?:my|the) (?:mail|email|desk)"
    r"|(?:abwesenheits|urlaubs)(?:notiz|meldung|nachricht)|automatische antwort|abwesend\b"
    r"|ich bin (?:derzeit )?(?:nicht im (?:büro|haus)|abwesend)"
    r"|réponse automatique|absence du bureau|message d['\u2019]absence"
    r"|respuesta autom[aá]tica|fuera de (?:la )?oficina|ausencia"
    r"|risposta automatica|fuori (?:sede|ufficio)|assenza dall['\u2019]ufficio"
    r"|automatyczna odpowied[zź]|odpowied[zź] automatyczna|autoodpowied[zź]|nieobecno[sś][cć]"
    r"|رد تلقائي|الرد التلقائي|خارج المكتب"
    # Receipts of a ticket system, and challenges.
    r"|(?:read|delivery|return) receipt|read:|gelesen:|lu\s*:|le[ií]do:|letto:|przeczytano:"
    r"|delivered:|accepted:|declined:|tentative:"
    r"|(?:please )?(?:confirm|verify) (?:your )?(?:e-?mail|message|address|that you are)"
    r"|(?:sender|message) (?:verification|confirmation)"
    r"|your message (?:has been|was) (?:held|quarant)"
    r"|\[?challenge[-:\]]"
    r")",
    re.I,
)


def is_automatic(message: Message, subject: str) -> bool:
    """Whether a program wrote it: by its head, or by a subject that only programs write."""
    submitted = _value(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if submitted not in {"", "no"}:
        return True
    if _value(message, "Precedence").strip().lower() in _PRECEDENCE:
        return True
    if any(name in message for name in _MARKS):
        return True
    if message.get_content_type() == "multipart/report":
        return True  # receipts are such, and reports that say nothing of a letter
    return _SUBJECT.match(subject) is not None


def is_in_circles(message: Message) -> bool:
    """Whether it has passed too many servers."""
    return len(message.get_all("Received") or ()) > MOST_HOPS


def _value(message: Message, name: str) -> str:
    return str(message.get(name) or "")

"""Bounces: what a report about a letter changes. It never takes a confirmed signature out.

Confirming proved the mailbox, and a forged report must not lower the count. A report counts only
by the words of a letter that left within seven days: only its reader and the servers on its way
know them, and all that whoever knows them can do is to stop letters to that one mailbox.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from petition.domain.letters.bounce import TOKEN_LIFE, BounceClass, BounceReport
from petition.domain.letters.inbound import InboundOutcome
from petition.services.privacy import rights
from petition.store.db import Session
from petition.store.letters import sent_letters
from petition.store.messages import sending

_OUTCOMES: Final = {
    BounceClass.GONE: InboundOutcome.GONE,
    BounceClass.FULL: InboundOutcome.FULL,
    BounceClass.BLOCKED: InboundOutcome.BLOCKED,
    BounceClass.DELAYED: InboundOutcome.DELAYED,
    BounceClass.COMPLAINT: InboundOutcome.COMPLAINT,
    BounceClass.AUTO_REPLY: InboundOutcome.AUTO_REPLY,
    BounceClass.UNKNOWN: InboundOutcome.UNKNOWN,
}


def take(session: Session, letter_id: int, report: BounceReport, *, at: datetime) -> InboundOutcome:
    """Note what a report says about the letter whose words it came with."""
    letter = sent_letters.read(session, letter_id)
    if letter is None or letter.finished_at <= at - TOKEN_LIFE:
        return InboundOutcome.NOWHERE
    if letter.message_id is not None and report.is_final:
        sending.come_back(session, letter.message_id, recipients=report.recipients, at=at)
    if letter.mailbox_key is not None and report.is_final and report.kind is BounceClass.GONE:
        sent_letters.note_gone(session, letter.mailbox_key, at=at)
    if letter.signature_id is not None and report.kind is BounceClass.COMPLAINT:
        rights.unsubscribe(session, letter.signature_id, at=at)
    return _OUTCOMES[report.kind]


def note_refused(
    session: Session, letter_id: int, means: BounceClass | None, *, at: datetime
) -> None:
    """A server refused the letter for good, by this answer."""
    if means is BounceClass.GONE:
        mailbox_key = sent_letters.mailbox_of(session, letter_id)
        if mailbox_key is not None:
            sent_letters.note_gone(session, mailbox_key, at=at)

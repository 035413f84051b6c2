"""Answers: a target answers all through staff. It is published, and sent to whoever asked.

The target gets no address. More than a hundred emails take a second person of staff; they go at
the pace of a batch each half minute, so that nobody's mail server is flooded.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from petition.domain.messages.target_answer import Texts
from petition.domain.messages.targets import ANSWER_LENGTH, needs_second
from petition.domain.staff.audit_actions import AuditAction
from petition.errors import PetitionError
from petition.services.messages import targets
from petition.services.messages.targets import Which
from petition.store.db import Condition, Moment, Session
from petition.store.letters import answer_letters
from petition.store.messages import answers
from petition.store.messages.answers import AnswerRecord
from petition.store.staff import audit

BATCH: Final = 100


class AnswerRefused(PetitionError):
    """An answer has a text, none too long, and a day that has come."""


class NotDecided(PetitionError):
    """It was decided already, or it is one's own request."""


def publish(session: Session, which: Which, day: date, texts: Texts, *, at: datetime) -> None:
    """Show it on the campaign's page. Raises NotFound and AnswerRefused."""
    target = targets.find(session, which.slug, which.key)
    kept = {code: text for code, text in texts.items() if text}
    if not kept or day > at.date() or max(map(len, kept.values())) > ANSWER_LENGTH:
        raise AnswerRefused
    answers.add(session, target.id, day, kept, at=at)
    _note(session, which, "published", at)


def remove(session: Session, which: Which, answer_id: int, *, at: datetime) -> None:
    """Take it off the page; it is sent to nobody else. Raises NotFound."""
    answers.remove(session, _find(session, which, answer_id).id)
    _note(session, which, "removed", at)


def tell(session: Session, which: Which, answer_id: int, *, setting: bool, at: datetime) -> bool:
    """Tell those who asked; False where it waits for a second person.

    Raises NotFound, and NotDecided where somebody asked for it already.
    """
    found = _find(session, which, answer_id)
    if found.asked_by is not None or not answers.set_asked(session, found.id, which.by):
        raise NotDecided
    people = answers.who_asked(session, found.target_id)
    if needs_second(people, setting=setting):
        _note(session, which, "asked", at)
        return False
    answers.approve(session, found.id, at=at)
    _note(session, which, "told", at)
    return True


def approve(session: Session, which: Which, answer_id: int, *, at: datetime) -> None:
    """The second person agrees. Raises NotFound and NotDecided."""
    found = _find(session, which, answer_id)
    if found.asked_by in (None, which.by) or not answers.approve(session, found.id, at=at):
        raise NotDecided
    _note(session, which, "approved", at)


def refuse(session: Session, which: Which, answer_id: int, *, at: datetime) -> None:
    """Nobody is told, for now. Raises NotFound and NotDecided."""
    found = _find(session, which, answer_id)
    if found.asked_by is None or not answers.set_asked(session, found.id, None):
        raise NotDecided
    _note(session, which, "refused", at)


def _find(session: Session, which: Which, answer_id: int) -> AnswerRecord:
    target = targets.find(session, which.slug, which.key)
    return answers.find(session, target.id, answer_id)


def is_due(_: Moment) -> Condition:
    """Whether there is something for `send_due`."""
    return answers.is_any_to_tell()


def send_due(session: Session, *, at: datetime) -> int:
    """Owe the next emails about answers; how many. The worker's part, a batch at a time."""
    return sum(_send_next(session, each, at) for each in answers.to_tell(session))


def _send_next(session: Session, found: AnswerRecord, at: datetime) -> int:
    people = answers.next_who_asked(session, found.target_id, after=found.reached, most=BATCH)
    if not people:
        answers.end(session, found.id, at=at)
        return 0
    last = people[-1][0]
    if not answers.note_told(
        session, found.id, after=found.reached, reached=last, number=len(people)
    ):
        return 0
    answer_letters.enqueue(session, found.id, [entry_id for _, entry_id in people], at=at)
    return len(people)


def _note(session: Session, which: Which, outcome: str, at: datetime) -> None:
    audit.note(
        session,
        who=which.by,
        action=AuditAction.TARGET_ANSWER,
        outcome=outcome,
        at=at,
        detail=f"{which.slug}: {which.key}",
    )

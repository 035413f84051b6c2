"""Letters about a target's answer to all: which answer each of them brings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from petition.domain.letters import letter
from petition.domain.letters.recipient import Recipient
from petition.domain.messages.target_answer import TargetAnswerText, Texts, in_language
from petition.store.db import stored_json
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.tables import AnswerLetter, MessageTarget, TargetAnswer


def enqueue(session: Session, answer_id: int, entry_ids: Iterable[int], *, at: datetime) -> None:
    """Owe one to each of these."""
    rows = [
        {"letter_id": outbox.enqueue_one(session, _new(entry_id, at)), "answer_id": answer_id}
        for entry_id in entry_ids
    ]
    if rows:
        session.execute(insert(AnswerLetter), rows)


def _new(entry_id: int, at: datetime) -> NewLetter:
    return NewLetter(kind=letter.TARGET_ANSWER, to=Recipient.entry(entry_id), due_at=at)


def read(session: Session, letter_id: int, language: str) -> TargetAnswerText | None:
    """What it brings, in that language where it is there; None where it was taken back since."""
    row = session.execute(
        select(MessageTarget.name, TargetAnswer.day, TargetAnswer.texts)
        .join(MessageTarget, MessageTarget.id == TargetAnswer.target_id)
        .join(AnswerLetter, AnswerLetter.answer_id == TargetAnswer.id)
        .where(AnswerLetter.letter_id == letter_id)
    ).first()
    if row is None:
        return None
    code, text = in_language(stored_json.read(row.texts, Texts), (language,))
    return TargetAnswerText(target=row.name, day=row.day, language=code, text=text)

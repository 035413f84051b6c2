"""Answers of targets to all who wrote: published by staff, and who is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from petition.domain.messages import message
from petition.domain.messages.target_answer import Texts, in_language
from petition.domain.signatures import states
from petition.errors import NotFound
from petition.store.db import stored_json
from petition.store.db.conditions import Condition, any_row
from petition.store.tables import (
    Message,
    MessageAlsoTo,
    MessageTarget,
    Signature,
    TargetAnswer,
)


@dataclass(frozen=True, kw_only=True)
class AnswerRecord:
    """What a target answered."""

    id: int
    target_id: int
    target: str
    """Its name."""
    day: date
    texts: Mapping[str, str]
    published_at: datetime
    asked_by: str | None
    """Who of staff wants those told who asked to be."""
    approved_at: datetime | None
    reached: int
    told: int
    done_at: datetime | None

    def text(self, languages: Sequence[str]) -> tuple[str, str]:
        """(language, text) in the first of these languages that it has, or in its own first."""
        return in_language(self.texts, languages)


def add(session: Session, target_id: int, day: date, texts: Texts, *, at: datetime) -> None:
    """Publish one."""
    session.execute(
        insert(TargetAnswer).values(
            target_id=target_id,
            day=day,
            texts=stored_json.written(texts),
            published_at=at,
            reached=0,
            told=0,
        )
    )


def of_campaign(session: Session, campaign_id: int) -> list[AnswerRecord]:
    """The last first."""
    return _records(session, MessageTarget.campaign_id == campaign_id)


def of_targets(session: Session, target_ids: Sequence[int]) -> list[AnswerRecord]:
    """The same of these targets."""
    return _records(session, TargetAnswer.target_id.in_(target_ids))


def find(session: Session, target_id: int, answer_id: int) -> AnswerRecord:
    """One of a target's; raises NotFound."""
    found = _records(
        session, (TargetAnswer.target_id == target_id) & (TargetAnswer.id == answer_id)
    )
    if not found:
        raise NotFound("there is no such answer")
    return found[0]


def is_any_to_tell() -> Condition:
    """Whether there are any."""
    return any_row(TargetAnswer, *_IS_BEING_TOLD)


_IS_BEING_TOLD: Final = (TargetAnswer.approved_at.is_not(None), TargetAnswer.done_at.is_(None))


def to_tell(session: Session) -> list[AnswerRecord]:
    """Those that are being told of."""
    return _records(session, and_(*_IS_BEING_TOLD))


def _records(session: Session, where: ColumnElement[bool]) -> list[AnswerRecord]:
    rows = session.execute(
        select(TargetAnswer, MessageTarget.name)
        .join(MessageTarget, MessageTarget.id == TargetAnswer.target_id)
        .where(where)
        .order_by(TargetAnswer.day.desc(), TargetAnswer.id.desc())
        .execution_options(populate_existing=True)
    )
    return [
        AnswerRecord(
            id=row.id,
            target_id=row.target_id,
            target=name,
            day=row.day,
            texts=stored_json.read(row.texts, Texts),
            published_at=row.published_at,
            asked_by=row.asked_by,
            approved_at=row.approved_at,
            reached=row.reached,
            told=row.told,
            done_at=row.done_at,
        )
        for row, name in rows
    ]


def remove(session: Session, answer_id: int) -> None:
    """It is published no more, and nobody else is told."""
    session.execute(delete(TargetAnswer).where(TargetAnswer.id == answer_id))


def set_asked(session: Session, answer_id: int, by: str | None) -> bool:
    """Somebody wants people told, or (None) nobody does; False where that was decided already."""
    return _set(session, answer_id, TargetAnswer.approved_at.is_(None), asked_by=by)


def approve(session: Session, answer_id: int, *, at: datetime) -> bool:
    """They are told from now on; False where they are already."""
    return _set(session, answer_id, TargetAnswer.approved_at.is_(None), approved_at=at)


def note_told(session: Session, answer_id: int, *, after: int, reached: int, number: int) -> bool:
    """So many more were told; False where another worker was quicker."""
    return _set(
        session,
        answer_id,
        TargetAnswer.reached == after,
        reached=reached,
        told=TargetAnswer.told + number,
    )


def end(session: Session, answer_id: int, *, at: datetime) -> None:
    """Everybody is told."""
    _set(session, answer_id, TargetAnswer.done_at.is_(None), done_at=at)


def _set(session: Session, answer_id: int, where: ColumnElement[bool], **values: object) -> bool:
    changed = session.execute(
        update(TargetAnswer)
        .where(TargetAnswer.id == answer_id, where)
        .values(**values)
        .returning(TargetAnswer.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def who_asked(session: Session, target_id: int) -> int:
    """How many people want to be told if this target answers."""
    return (
        session.scalar(
            select(func.count(func.distinct(Message.signature_id)))
            .join(Signature, Signature.id == Message.signature_id)
            .where(*_asked(target_id))
        )
        or 0
    )


def next_who_asked(
    session: Session, target_id: int, *, after: int, most: int
) -> list[tuple[int, int]]:
    """(signature, its entry) of the next ones."""
    rows = session.execute(
        select(Message.signature_id, Signature.entry_id)
        .join(Signature, Signature.id == Message.signature_id)
        .where(*_asked(target_id), Message.signature_id > after)
        .distinct()
        .order_by(Message.signature_id)
        .limit(most)
    )
    return [(row.signature_id, row.entry_id) for row in rows]


def _asked(target_id: int) -> tuple[ColumnElement[bool], ...]:
    """Whoever sent a message to it, alone or with others, counts, and wants to be told."""
    among_others = select(MessageAlsoTo.message_id).where(MessageAlsoTo.target_id == target_id)
    return (
        or_(Message.target_id == target_id, Message.id.in_(among_others)),
        Message.wants_answer.is_(True),
        Message.state.not_in((message.WAITING, message.CANCELLED)),
        Signature.state.in_((states.CONFIRMED, states.WRITER)),
        Signature.unsubscribed_at.is_(None),
    )

"""Leaving: messages that are queued for a target that is written to no more.

Of those that go to several in one email, that target alone is left out, or another takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select, union, update
from sqlalchemy.orm import Session, aliased

from petition.domain.letters import letter
from petition.domain.messages import message
from petition.store.db.conditions import Condition, any_row
from petition.store.tables import Letter, Message, MessageAlsoTo, MessageTarget, Signature


@dataclass(frozen=True, kw_only=True)
class LeftMessage:
    """A message of which one target or more is none any more."""

    id: int
    entry_id: int
    """The form of its writer that counts: to whom a letter goes."""
    target_id: int
    """Its first target, until now."""
    goes_to: tuple[int, ...]
    """All its targets from now on, with those that take others' places; empty where it goes to
    nobody."""


def is_left(target: Any) -> ColumnElement[bool]:
    """Whether a message does not go to that target: it is none, or it agreed and staff said so.

    What answers a reply of a target that agreed goes on.
    """
    return or_(
        target.retired_at.is_not(None),
        and_(
            # NULL is neither, and NOT of it is NULL: without this no target would have stayed.
            target.stopped_at.is_not(None),
            Message.composed_at <= target.stopped_at,
            ~Message.is_answer,
        ),
    )


def is_any_queued() -> Condition:
    """Whether there are any: asked from the few targets, as `queued` finds them."""
    here = (Message.state == message.QUEUED, is_left(MessageTarget))
    first = any_row(Message, Message.target_id == MessageTarget.id, *here)
    further = any_row(
        Message,
        Message.id == MessageAlsoTo.message_id,
        MessageAlsoTo.target_id == MessageTarget.id,
        *here,
    )
    return any_row(MessageTarget, _may_be_left(MessageTarget), or_(first, further))


def queued(session: Session, *, most: int, message_id: int | None = None) -> list[LeftMessage]:
    """Some of them, or this one, held until the transaction ends."""
    ids: list[int] = [*session.scalars(_ids(message_id).limit(most))]
    if not ids:
        return []
    rows = session.execute(
        select(Message, Signature.entry_id)
        .join(Signature, Signature.id == Message.signature_id)
        .where(Message.id.in_(ids), Message.state == message.QUEUED)
        .order_by(Message.id)
        .with_for_update(of=Message)
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        return []
    also = _also_to(session, ids)
    targets = _Targets(session, [row.target_id for row, _ in rows])
    taken = _places(session, [row.signature_id for row, _ in rows])
    found = []
    for row, entry_id in rows:
        mine = (row.target_id, *also.get(row.id, ()))
        goes_to: list[int] = []
        for target_id in mine:
            next_one = targets.now(target_id, row)
            if next_one is None:
                continue
            place = (row.signature_id, next_one, row.wave)
            if next_one != target_id and not row.is_answer and place in taken:
                continue
            goes_to.append(next_one)
            if not row.is_answer:
                taken.add(place)
        if tuple(goes_to) != mine:
            found.append(
                LeftMessage(
                    id=row.id, entry_id=entry_id, target_id=row.target_id, goes_to=tuple(goes_to)
                )
            )
    return found


def _ids(message_id: int | None) -> Select[Any]:
    those = [Message.state == message.QUEUED]
    if message_id is not None:
        those.append(Message.id == message_id)
    first, further = aliased(MessageTarget), aliased(MessageTarget)
    either = union(
        select(Message.id)
        .join(first, first.id == Message.target_id)
        .where(*those, _may_be_left(first), is_left(first)),
        select(Message.id)
        .join(MessageAlsoTo, MessageAlsoTo.message_id == Message.id)
        .join(further, further.id == MessageAlsoTo.target_id)
        .where(*those, _may_be_left(further), is_left(further)),
    ).subquery()
    return select(either.c.id).order_by(either.c.id)


def _may_be_left(target: Any) -> ColumnElement[bool]:
    """Of few targets any message may be left, so no other queue is looked through."""
    return or_(target.retired_at.is_not(None), target.stopped_at.is_not(None))


def _also_to(session: Session, message_ids: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for message_id, target_id in session.execute(
        select(MessageAlsoTo.message_id, MessageAlsoTo.target_id)
        .where(MessageAlsoTo.message_id.in_(message_ids))
        .order_by(MessageAlsoTo.target_id)
    ):
        found.setdefault(message_id, []).append(target_id)
    return found


class _Targets:
    """The targets of some campaigns, and who takes whose place."""

    def __init__(self, session: Session, target_ids: Sequence[int]) -> None:
        campaigns = select(MessageTarget.campaign_id).where(MessageTarget.id.in_(target_ids))
        self._all: Mapping[int, MessageTarget] = {
            row.id: row
            for row in session.scalars(
                select(MessageTarget)
                .where(MessageTarget.campaign_id.in_(campaigns))
                .execution_options(populate_existing=True)
            )
        }
        self._by_key = {(row.campaign_id, row.key): row for row in self._all.values()}

    def now(self, target_id: int, of: Message) -> int | None:
        """Where such a message goes that was for this one: there, or to who took its place."""
        target: MessageTarget | None = self._all[target_id]
        seen = set()
        while target is not None and target.retired_at is not None and target.id not in seen:
            seen.add(target.id)
            target = self._by_key.get((target.campaign_id, target.replaced_by or ""))
        if target is None or target.retired_at is not None:
            return None
        has_agreed = target.stopped_at is not None and of.composed_at <= target.stopped_at
        return None if has_agreed and not of.is_answer else target.id


def _places(session: Session, signature_ids: Sequence[int]) -> set[tuple[int, int, int]]:
    """Writer, target and wave of what goes or went: one message each."""
    confirmed = (
        Message.signature_id.in_(signature_ids),
        Message.state.not_in((message.WAITING, message.CANCELLED)),
        ~Message.is_answer,
    )
    own = select(Message.signature_id, Message.target_id, Message.wave).where(*confirmed)
    also = (
        select(Message.signature_id, MessageAlsoTo.target_id, Message.wave)
        .join(MessageAlsoTo, MessageAlsoTo.message_id == Message.id)
        .where(*confirmed)
    )
    return {(row[0], row[1], row[2]) for query in (own, also) for row in session.execute(query)}


def count_queued(session: Session, target_id: int) -> int:
    """How many messages wait to go to a target: as many people are told when it is left."""
    alone = select(Message.id).where(Message.target_id == target_id)
    also = select(MessageAlsoTo.message_id).where(MessageAlsoTo.target_id == target_id)
    found = session.scalar(
        select(func.count()).where(
            Message.id.in_(union(alone, also)), Message.state == message.QUEUED
        )
    )
    return found or 0


def settle(session: Session, left: LeftMessage, *, at: datetime) -> None:
    """It goes to whom it goes to from now on, in the hours of the first; or to nobody."""
    values: dict[str, object] = {"state": message.CANCELLED, "finished_at": at}
    if left.goes_to:
        first, *further = left.goes_to
        values = {"target_id": first}
        if first != left.target_id:
            values["paced"] = False
        session.execute(
            delete(MessageAlsoTo)
            .where(MessageAlsoTo.message_id == left.id)
            .execution_options(synchronize_session=False)
        )
        if further:
            session.execute(
                insert(MessageAlsoTo),
                [{"message_id": left.id, "target_id": each} for each in further],
            )
    session.execute(
        update(Message)
        .where(Message.id == left.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def move_waiting(session: Session, target_id: int, to: int) -> None:
    """What nobody confirmed yet is for the other one, too: its writer sees so before they do.

    Not where it goes to the other one anyway.
    """
    waiting = select(Message.id).where(Message.state == message.WAITING)
    first = select(Message.id).where(Message.target_id == to)
    further = select(MessageAlsoTo.message_id).where(MessageAlsoTo.target_id == to)
    session.execute(
        update(Message)
        .where(
            Message.target_id == target_id,
            Message.state == message.WAITING,
            Message.id.not_in(further),
        )
        .values(target_id=to)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(MessageAlsoTo)
        .where(
            MessageAlsoTo.target_id == target_id,
            MessageAlsoTo.message_id.in_(waiting),
            MessageAlsoTo.message_id.not_in(first),
            MessageAlsoTo.message_id.not_in(further),
        )
        .values(target_id=to)
        .execution_options(synchronize_session=False)
    )


def owed_already(session: Session, entry_ids: Sequence[int], kind: str) -> set[int]:
    """To which of these such a letter is owed already: one tells of all."""
    return {
        entry_id
        for entry_id in session.scalars(
            select(Letter.entry_id).where(
                Letter.entry_id.in_(entry_ids), Letter.kind == kind, Letter.state == letter.OWED
            )
        )
        if entry_id is not None
    }

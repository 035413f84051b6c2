"""Sending messages: what a worker holds while it hands one over, and the cap of each target."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from petition.domain.messages import message, pacing
from petition.domain.messages.digest import TargetMode
from petition.domain.messages.steps import Step
from petition.store.db.upsert import upsert
from petition.store.messages import counts, deferrals, leaving, refusals
from petition.store.messages.deferrals import Again
from petition.store.tables import (
    Message,
    MessageAlsoTo,
    MessageHour,
    MessageTarget,
    ProviderHour,
    Signature,
)

_COUNTED: Final[Mapping[str, Step]] = {message.SENT: Step.SENT, message.BOUNCED: Step.BOUNCED}
KEPT: Final = timedelta(days=2)
"""How long the numbers of past hours stay, and those count of hours that are still to come: a clock
that was set back gives nobody more room."""


class Room(StrEnum):
    """Whether a target may get one more message now."""

    YES = "yes"
    NOT_YET = "not yet"
    """This hour's share is used up for now."""
    NOT_THIS_HOUR = "not this hour"
    NOT_TODAY = "not today"


@dataclass(frozen=True, kw_only=True)
class OtherTarget:
    """A further target of a message, with its caps."""

    id: int
    to: str
    an_hour: int
    a_day: int
    is_paused: bool
    is_left: bool


@dataclass(frozen=True, kw_only=True)
class MessageToSend:
    """A message with what is needed to hand it over, as it stands now."""

    id: int
    state: str
    sealed: bytes | None
    key_number: int | None
    language: str
    paced: bool
    writer_state: str
    """How the signature stands that it is of."""
    apart: bool
    target_id: int
    to: str
    time_zone: str
    an_hour: int
    a_day: int
    is_paused: bool
    left: frozenset[int]
    """Which of its targets are none any more: that is settled first (store/messages/leaving.py)."""
    is_for_digest: bool
    """True where it goes with others of its day (store/messages/digests.py)."""
    others: tuple[OtherTarget, ...] = ()
    """The further targets to whom it goes in one email."""
    again: Again | None = None
    """For whom of them it is tried again, where others have it; it goes to nobody else then."""

    @property
    def target_ids(self) -> tuple[int, ...]:
        """Whom its head names."""
        return (self.target_id, *(each.id for each in self.others))

    @property
    def recipients(self) -> tuple[str, ...]:
        """Their addresses, in the same order, as they stand in its head."""
        if self.again is not None:
            return self.again.recipients
        return (self.to, *(each.to for each in self.others))

    @property
    def goes_to(self) -> dict[int, str]:
        """The targets that it goes to now, and where."""
        addresses = dict(zip(self.target_ids, self.recipients, strict=True))
        if self.again is None:
            return addresses
        return {target_id: addresses[target_id] for target_id in self.again.target_ids}

    @property
    def for_each(self) -> list[MessageToSend]:
        """The same to one target alone, for each that it goes to, in the order of their numbers."""
        alone = [replace(self, others=(), again=None)]
        alone += [
            replace(
                self,
                target_id=each.id,
                an_hour=each.an_hour,
                a_day=each.a_day,
                others=(),
                again=None,
            )
            for each in self.others
        ]
        return [
            replace(each, to=self.goes_to[each.target_id])
            for each in sorted(alone, key=lambda each: each.target_id)
            if each.target_id in self.goes_to
        ]


def read(session: Session, message_id: int) -> MessageToSend | None:
    """The message, its row held until the transaction ends; None when it was erased."""
    row = session.execute(
        select(Message, MessageTarget, Signature.state, leaving.is_left(MessageTarget))
        .join(MessageTarget, MessageTarget.id == Message.target_id)
        .join(Signature, Signature.id == Message.signature_id)
        .where(Message.id == message_id)
        .with_for_update(of=Message)
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        return None
    found, target, writer_state, is_left = row
    others = _others(session, message_id)
    again = deferrals.waiting(session, message_id) if found.state == message.SENT else None
    stands = {target.id: (target.paused_at is not None, bool(is_left))}
    stands |= {each.id: (each.is_paused, each.is_left) for each in others}
    if again is not None:
        stands = {target_id: stands[target_id] for target_id in again.target_ids}
    return MessageToSend(
        id=found.id,
        state=found.state,
        sealed=found.sealed,
        key_number=found.key_number,
        language=found.language,
        paced=found.paced,
        writer_state=writer_state,
        apart=found.apart,
        target_id=target.id,
        to=target.email,
        time_zone=target.time_zone,
        an_hour=target.an_hour,
        a_day=target.a_day,
        is_paused=any(is_paused for is_paused, _ in stands.values()),
        left=frozenset(target_id for target_id, (_, left) in stands.items() if left),
        is_for_digest=target.mode == TargetMode.DIGEST and not others,
        others=others,
        again=again,
    )


def _others(session: Session, message_id: int) -> tuple[OtherTarget, ...]:
    rows = session.execute(
        select(MessageTarget, leaving.is_left(MessageTarget))
        .join(MessageAlsoTo, MessageAlsoTo.target_id == MessageTarget.id)
        .join(Message, Message.id == MessageAlsoTo.message_id)
        .where(MessageAlsoTo.message_id == message_id)
        .order_by(MessageTarget.id)
    )
    return tuple(
        OtherTarget(
            id=row.id,
            to=row.email,
            an_hour=row.an_hour,
            a_day=row.a_day,
            is_paused=row.paused_at is not None,
            is_left=bool(is_left),
        )
        for row, is_left in rows
    )


def note_paced(session: Session, message_id: int) -> None:
    """It was given a time."""
    session.execute(update(Message).where(Message.id == message_id).values(paced=True))


def move(session: Session, message_id: int, state: str, *, at: datetime) -> bool:
    """The message is in this state from now on; False when it was erased meanwhile."""
    ended_at = at if state in message.ENDED else None
    moved = session.execute(
        update(Message)
        .where(Message.id == message_id)
        .values(state=state, finished_at=ended_at)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    there = moved.first() is not None
    if there and state in _COUNTED:
        counts.note(session, [message_id], _COUNTED[state], at=at)
    return there


def come_back(
    session: Session, message_id: int, *, recipients: Collection[str], at: datetime
) -> bool:
    """Their side sent it back after it had been taken; False where it had not been.

    Of one that went to several, for these recipients alone, where the report names some of them.
    """
    return _came_back(session, message_id, refusals.named(session, message_id, recipients), at)


def _came_back(session: Session, message_id: int, back: Sequence[int], at: datetime) -> bool:
    """These have not got it; nobody has where none are named, or no others are left."""
    _state(session, message_id)  # two reports of different targets are taken one after the other
    if back and not refusals.are_all(session, message_id, back):
        deferrals.end(session, message_id, back)
        return refusals.note(session, message_id, back, at=at) > 0
    moved = session.execute(
        update(Message)
        .where(Message.id == message_id, Message.state.in_((message.SENT, message.PARKED)))
        .values(
            state=message.BOUNCED,
            bounced_at=at,
            finished_at=func.coalesce(Message.finished_at, at),
        )
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    came = moved.first() is not None
    if came:
        deferrals.end_all(session, message_id)
        counts.note(session, [message_id], Step.BOUNCED, at=at)
    return came


def begin(session: Session, found: MessageToSend) -> None:
    """It is being handed over: parked from now on, until somebody knows what became of it."""
    if found.again is not None:
        deferrals.begin(session, found.id, found.again.target_ids)
        return
    session.execute(
        update(Message)
        .where(Message.id == found.id)
        .values(state=message.PARKED, finished_at=None)
        .execution_options(synchronize_session=False)
    )


def queue_again(session: Session, found: MessageToSend, *, at: datetime) -> None:
    """Nothing was handed over."""
    if found.again is None:
        move(session, found.id, message.QUEUED, at=at)
    else:
        deferrals.wait_again(session, found.id)


def park(session: Session, found: MessageToSend, *, at: datetime) -> None:
    """Nobody knows whether it was taken."""
    if found.again is None:
        move(session, found.id, message.PARKED, at=at)
    else:
        deferrals.park(session, found.id, at=at)


def refuse(session: Session, found: MessageToSend, *, at: datetime) -> None:
    """None of those whom it went to took it, and none will."""
    if found.again is None:
        move(session, found.id, message.BOUNCED, at=at)
    else:
        give_up(session, found.id, found.again.target_ids, at=at)


def give_up(session: Session, message_id: int, target_ids: Sequence[int], *, at: datetime) -> None:
    """Others have it, and for these it is tried no more."""
    if _state(session, message_id) == message.SENT:  # not erased, or sent back, meanwhile
        _came_back(session, message_id, target_ids, at)


def take(
    session: Session,
    found: MessageToSend,
    *,
    refused: Sequence[int],
    waits: Sequence[int],
    written_at: datetime,
    at: datetime,
) -> bool:
    """The server has it, not for these of its targets, and not yet for those.

    False when it was erased meanwhile.
    """
    if found.again is None:
        if not move(session, found.id, message.SENT, at=at):
            return False
        refusals.note(session, found.id, refused, at=at)
    else:
        state = _state(session, found.id)
        if state is None:
            return False
        deferrals.end(session, found.id, found.again.target_ids)
        if refused:
            give_up(session, found.id, refused, at=at)
        if state != message.SENT:
            return True  # sent back meanwhile
    if waits:
        deferrals.wait(session, found.id, waits, written_at=written_at, recipients=found.recipients)
    return True


def _state(session: Session, message_id: int) -> str | None:
    """Its row held until the transaction ends; None when it was erased."""
    return session.scalar(select(Message.state).where(Message.id == message_id).with_for_update())


def take_room(
    session: Session, found: MessageToSend, *, at: datetime, provider_cap: int, evenly: bool
) -> Room:
    """Count one more message to the target and to its mail provider, if both caps have room.

    Evenly: so that the hour's messages are spread over it. The target's row is held meanwhile: two
    workers take the last place one after the other.
    """
    session.execute(
        select(MessageTarget.id).where(MessageTarget.id == found.target_id).with_for_update()
    )
    hour = _hour(at)
    this_hour, today = session.execute(
        select(
            func.coalesce(func.sum(MessageHour.messages).filter(MessageHour.hour >= hour), 0),
            func.coalesce(func.sum(MessageHour.messages), 0),
        ).where(
            MessageHour.target_id == found.target_id,
            MessageHour.hour.between(hour.replace(hour=0), hour + KEPT),
        )
    ).one()
    if today >= min(found.a_day, pacing.MOST_A_DAY):
        return Room.NOT_TODAY
    if this_hour >= min(found.an_hour, pacing.MOST_AN_HOUR):
        return Room.NOT_THIS_HOUR
    if evenly and this_hour >= pacing.share(found.an_hour, at):
        return Room.NOT_YET
    if not _provider_takes(session, pacing.provider_of(found.to), hour, provider_cap):
        return Room.NOT_THIS_HOUR
    _add(session, found.target_id, hour, +1)
    session.execute(
        delete(MessageHour)
        .where(MessageHour.target_id == found.target_id, MessageHour.hour < hour - KEPT)
        .execution_options(synchronize_session=False)
    )
    return Room.YES


def _provider_takes(session: Session, provider: str, hour: datetime, cap: int) -> bool:
    """Count one more to the provider, unless its cap is used up: one statement, for all workers."""
    ahead = session.execute(
        select(func.coalesce(func.sum(ProviderHour.messages), 0)).where(
            ProviderHour.provider == provider,
            ProviderHour.hour > hour,
            ProviderHour.hour <= hour + KEPT,
        )
    ).scalar_one()
    if ahead >= cap:
        return False
    taken = upsert(
        session,
        ProviderHour,
        {"provider": provider, "hour": hour, "messages": 1},
        key=("provider", "hour"),
        change=lambda new: {"messages": ProviderHour.messages + 1},
        where=ProviderHour.messages < cap - ahead,
    )
    session.execute(
        delete(ProviderHour)
        .where(ProviderHour.provider == provider, ProviderHour.hour < hour - KEPT)
        .execution_options(synchronize_session=False)
    )
    return taken == 1


def give_room_back(session: Session, found: MessageToSend, *, taken_at: datetime) -> None:
    """Nothing was handed over."""
    hour = _hour(taken_at)
    _add(session, found.target_id, hour, -1)
    session.execute(
        update(ProviderHour)
        .where(
            ProviderHour.provider == pacing.provider_of(found.to),
            ProviderHour.hour == hour,
        )
        .values(messages=ProviderHour.messages - 1)
        .execution_options(synchronize_session=False)
    )


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _add(session: Session, target_id: int, hour: datetime, number: int) -> None:
    upsert(
        session,
        MessageHour,
        {"target_id": target_id, "hour": hour, "messages": number},
        change=lambda new: {"messages": MessageHour.messages + new.messages},
    )

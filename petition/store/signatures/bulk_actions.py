"""Bulk actions: what staff counted, did and may undo, signature by signature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    and_,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from petition.domain.signatures.bulk_actions import ActionState, Verb
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.states import State
from petition.errors import NotFound
from petition.store.counts.changes import note_changes
from petition.store.db import stored_json
from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.partners import opt_ins
from petition.store.tables import BulkAction, BulkActionItem, Signature
from petition.store.webhooks import owed

_PART: Final = 500
"""As many signatures go into one statement."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What the count found."""

    takes: dict[str, int] = {}
    """State to how many are changed."""
    left_out: dict[str, int] = {}
    """State to how many are not, because they are in it."""
    gone: int = 0
    """Ticked, and not there any more."""
    beyond: int = 0
    """More than go into one action."""

    @property
    def number(self) -> int:
        return sum(self.takes.values())


@dataclass(frozen=True, kw_only=True)
class Action:
    """One of them."""

    id: int
    campaign_id: int
    verb: Verb
    reason: HoldReason | None
    by: str
    state: ActionState
    counted: Counted
    planned_at: datetime
    done_at: datetime | None
    changed: int | None
    kept: int | None


@dataclass(frozen=True, kw_only=True)
class Item:
    """A signature of an action: what was noted of it, and how it stands now."""

    signature_id: int
    was_state: State
    was_hold_reason: HoldReason | None
    state: State
    mailbox_confirmed: bool
    moved_at: datetime | None


def add(
    session: Session,
    *,
    campaign_id: int,
    verb: Verb,
    reason: HoldReason | None,
    counted: Counted,
    items: Mapping[int, State],
    by: str,
    at: datetime,
) -> int:
    """Keep what was counted; its number."""
    row = BulkAction(
        campaign_id=campaign_id,
        verb=verb,
        reason=reason,
        by=by,
        state=ActionState.PLANNED,
        counted=stored_json.written(counted),
        planned_at=at,
    )
    session.add(row)
    session.flush()
    rows = [
        {"action_id": row.id, "signature_id": id_, "was_state": state}
        for id_, state in items.items()
    ]
    if rows:
        session.execute(insert(BulkActionItem), rows)
    return row.id


def find(session: Session, campaign_id: int, action_id: int) -> Action:
    """One of this campaign; raises NotFound."""
    row = session.get(BulkAction, action_id, populate_existing=True)
    if row is None or row.campaign_id != campaign_id:
        raise NotFound(f"there is no action {action_id}")
    return _action(row)


def campaign_of(session: Session, action_id: int) -> int:
    """The campaign that it is of; raises NotFound."""
    row = session.get(BulkAction, action_id)
    if row is None:
        raise NotFound(f"there is no action {action_id}")
    return row.campaign_id


def recent(session: Session, campaign_id: int, *, since: datetime) -> list[Action]:
    """What was done or asked for since then, the newest first."""
    query = (
        select(BulkAction)
        .where(BulkAction.campaign_id == campaign_id, BulkAction.done_at > since)
        .order_by(BulkAction.id.desc())
    )
    return [_action(row) for row in session.scalars(query)]


def _action(row: BulkAction) -> Action:
    return Action(
        id=row.id,
        campaign_id=row.campaign_id,
        verb=Verb(row.verb),
        reason=HoldReason(row.reason) if row.reason is not None else None,
        by=row.by,
        state=ActionState(row.state),
        counted=stored_json.read(row.counted, Counted),
        planned_at=row.planned_at,
        done_at=row.done_at,
        changed=row.changed,
        kept=row.kept,
    )


# --- from state to state --------------------------------------------------------------------------


def begin(
    session: Session,
    action_id: int,
    to: ActionState,
    *,
    by: str,
    planned_since: datetime,
    at: datetime,
) -> bool:
    """What was counted is done now, or waits; False where somebody was first, or it is too old."""
    return _turn(
        session,
        action_id,
        {"state": to, "by": by, "done_at": at},
        BulkAction.state == ActionState.PLANNED,
        BulkAction.planned_at > planned_since,
    )


def end(
    session: Session,
    action_id: int,
    expected: ActionState,
    to: ActionState,
    *,
    since: datetime | None,
) -> bool:
    """Undo or cancel it; False where it is no more what was expected, or was done before that."""
    where = [] if since is None else [BulkAction.done_at > since]
    return _turn(session, action_id, {"state": to}, BulkAction.state == expected, *where)


def _turn(
    session: Session, action_id: int, values: Mapping[str, object], *where: ColumnElement[bool]
) -> bool:
    turned = session.execute(
        update(BulkAction)
        .where(BulkAction.id == action_id, *where)
        .values(**values)
        .returning(BulkAction.id)
        .execution_options(synchronize_session=False)
    )
    return turned.first() is not None


def set_changed(session: Session, action_id: int, number: int) -> None:
    _set(session, action_id, changed=number)


def set_kept(session: Session, action_id: int, number: int) -> None:
    _set(session, action_id, kept=number)


def _set(session: Session, action_id: int, **values: int) -> None:
    session.execute(
        update(BulkAction)
        .where(BulkAction.id == action_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


# --- its signatures -------------------------------------------------------------------------------


def lock_items(session: Session, action_id: int, *, done: bool) -> list[Item]:
    """The signatures that are there, theirs until the commit, by number: done, or still to do."""
    rows = session.execute(
        select(
            BulkActionItem.signature_id,
            BulkActionItem.was_state,
            BulkActionItem.was_hold_reason,
            Signature.state,
            Signature.confirmed_at,
            Signature.moved_at,
        )
        .join(Signature, Signature.id == BulkActionItem.signature_id)
        .where(BulkActionItem.action_id == action_id, BulkActionItem.is_done == done)
        .order_by(BulkActionItem.signature_id)
        .with_for_update(of=Signature)
    )
    return [
        Item(
            signature_id=row.signature_id,
            was_state=State(row.was_state),
            was_hold_reason=(
                HoldReason(row.was_hold_reason) if row.was_hold_reason is not None else None
            ),
            state=State(row.state),
            mailbox_confirmed=row.confirmed_at is not None,
            moved_at=row.moved_at,
        )
        for row in rows
    ]


def move(
    session: Session,
    action_id: int,
    ids: Sequence[int],
    to: State,
    *,
    reason: HoldReason | None,
    at: datetime,
) -> None:
    """Move these, which are locked, and keep what stood in their rows. The totals follow."""
    for part in _parts(ids):
        session.execute(
            _items(action_id, part).values(
                is_done=True,
                was_hold_reason=_of_signature(Signature.hold_reason),
                was_moved_at=_of_signature(Signature.moved_at),
            )
        )
        _put(session, part, to, {"hold_reason": reason, "moved_at": at}, at=at)


def move_back(
    session: Session, action_id: int, ids: Sequence[int], to: State, *, at: datetime
) -> None:
    """Move these, which are locked, back: their rows are as they were. The totals follow."""
    for part in _parts(ids):
        before = {
            "hold_reason": _of_item(action_id, BulkActionItem.was_hold_reason),
            "moved_at": _of_item(action_id, BulkActionItem.was_moved_at),
        }
        _put(session, part, to, before, at=at)


def _put(
    session: Session, ids: Sequence[int], to: State, values: Mapping[str, Any], *, at: datetime
) -> None:
    query = select(Signature.id).where(Signature.id.in_(ids))
    counted = query.where(Signature.state == State.CONFIRMED)
    if to == State.CONFIRMED:
        counted = query.where(Signature.state != State.CONFIRMED)
    changed = list(session.scalars(counted))
    if changed:
        note_changes(session, changed, +1 if to == State.CONFIRMED else -1)
        opt_ins.note_changed(session, changed, at=at)
    session.execute(
        update(Signature)
        .where(Signature.id.in_(ids))
        .values(state=to, **values)
        .execution_options(synchronize_session=False)
    )
    owed.note_state(session, changed, to, at=at)


def _items(action_id: int, ids: Sequence[int]) -> Any:
    return (
        update(BulkActionItem)
        .where(BulkActionItem.action_id == action_id, BulkActionItem.signature_id.in_(ids))
        .execution_options(synchronize_session=False)
    )


def _of_signature(column: Any) -> ScalarSelect[Any]:
    query = select(column).where(Signature.id == BulkActionItem.signature_id)
    return query.correlate(BulkActionItem).scalar_subquery()


def _of_item(action_id: int, column: Any) -> ScalarSelect[Any]:
    query = select(column).where(
        BulkActionItem.action_id == action_id, BulkActionItem.signature_id == Signature.id
    )
    return query.correlate(Signature).scalar_subquery()


def ids_of(session: Session, action_id: int) -> list[int]:
    """The signatures of an action that are still there."""
    query = select(BulkActionItem.signature_id).where(BulkActionItem.action_id == action_id)
    return list(session.scalars(query.order_by(BulkActionItem.signature_id)))


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _PART):
        yield ids[start : start + _PART]


# --- erasures that wait ---------------------------------------------------------------------------


def asked_at(session: Session, ids: Iterable[int]) -> dict[int, datetime]:
    """Those of these signatures that wait to be erased, and since when."""
    query = (
        select(BulkActionItem.signature_id, BulkAction.done_at)
        .join(BulkAction, BulkAction.id == BulkActionItem.action_id)
        .where(
            BulkActionItem.signature_id.in_(list(ids)),
            BulkAction.verb == Verb.ERASE,
            BulkAction.state == ActionState.WAITING,
        )
        .order_by(BulkAction.done_at.desc())  # the earliest one stays
    )
    return {id_: at for id_, at in session.execute(query) if at is not None}


def is_any_to_erase(*, before: Moment) -> Condition:
    """Whether the hour of any is over, or any of its signatures is still there."""
    return any_row(BulkAction, or_(and_(*_is_due(before)), and_(*_IS_TAKEN, _is_left())))


def _is_due(before: datetime | Moment) -> tuple[Condition, ...]:
    return (
        BulkAction.verb == Verb.ERASE,
        BulkAction.state == ActionState.WAITING,
        BulkAction.done_at <= before,
    )


def _is_left() -> Condition:
    return exists().where(BulkActionItem.action_id == BulkAction.id).correlate(BulkAction)


_IS_TAKEN: Final = (BulkAction.verb == Verb.ERASE, BulkAction.state == ActionState.DONE)


def take_due(session: Session, *, before: datetime) -> None:
    """The hour of these is over: nobody cancels them any more."""
    session.execute(
        update(BulkAction)
        .where(*_is_due(before))
        .values(state=ActionState.DONE)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True, kw_only=True)
class ToErase:
    """A signature whose hour is over, and who asked for it."""

    signature_id: int
    by: str


def lock_to_erase(session: Session, *, most: int) -> list[ToErase]:
    """Some of them, theirs until the commit; not those that another worker has."""
    rows = session.execute(
        select(BulkActionItem.signature_id, BulkAction.by)
        .join(BulkAction, BulkAction.id == BulkActionItem.action_id)
        .join(Signature, Signature.id == BulkActionItem.signature_id)
        .where(*_IS_TAKEN)
        .order_by(BulkActionItem.signature_id)
        .limit(most)
        .with_for_update(of=Signature, skip_locked=True)
    )
    found = {row.signature_id: row.by for row in rows}
    return [ToErase(signature_id=id_, by=by) for id_, by in found.items()]


def follow(session: Session, gone_id: int, stays_id: int) -> None:
    """Of two signatures that become one: what was asked for either is asked for the one."""
    known = select(BulkActionItem.action_id).where(BulkActionItem.signature_id == stays_id)
    erasing = select(BulkAction.id).where(BulkAction.verb == Verb.ERASE)
    session.execute(
        update(BulkActionItem)
        .where(
            BulkActionItem.signature_id == gone_id,
            BulkActionItem.action_id.in_(erasing),
            BulkActionItem.action_id.not_in(known),
        )
        .values(signature_id=stays_id)
        .execution_options(synchronize_session=False)
    )


def delete_old(session: Session, *, before: datetime) -> None:
    """What was counted or done before that: nobody undoes it any more.

    An erasure stays until all of it is gone.
    """
    session.execute(
        delete(BulkAction)
        .where(
            BulkAction.planned_at < before,
            (BulkAction.done_at.is_(None)) | (BulkAction.done_at < before),
            BulkAction.state != ActionState.WAITING,
            ~and_(*_IS_TAKEN, _is_left()),
        )
        .execution_options(synchronize_session=False)
    )

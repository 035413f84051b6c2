"""Bulk actions: staff hold, reject, restore or erase one signature or many; counted before done.

What was counted is what is done: a signature that has changed since is left as it is, and so is one
that has come. For an hour it can be undone, and an erasure cancelled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from petition.domain.signatures import bulk_actions as domain
from petition.domain.signatures.bulk_actions import (
    GIVES_A_REASON,
    MOST,
    PLAN_LIFE,
    TAKES,
    UNDO_LIFE,
    ActionState,
    Verb,
)
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.states import State
from petition.domain.sorting import Sort
from petition.domain.staff.audit_actions import AuditAction
from petition.errors import PetitionError
from petition.store.db import Session
from petition.store.signatures import bulk_actions, search
from petition.store.signatures.bulk_actions import Action, Counted, Item
from petition.store.signatures.search import Search, SignatureColumn
from petition.store.staff import audit

UNDONE: Final = "undone"


class NotAny(PetitionError):
    """It was done, undone or cancelled already, or its time is over."""


def plan_these(
    session: Session,
    campaign_id: int,
    verb: Verb,
    ids: Sequence[int],
    *,
    reason: HoldReason | None,
    by: str,
    at: datetime,
) -> int:
    """Count what this would do to these signatures; the action's number. Nothing is changed."""
    wanted = list(dict.fromkeys(ids))
    standing = search.states_of(session, campaign_id, wanted)
    takes = {id_: standing[id_] for id_ in wanted if standing.get(id_) in TAKES[verb]}
    kept = Counter(state for state in standing.values() if state not in TAKES[verb])
    chosen = dict(list(takes.items())[:MOST])
    counted = Counted(
        takes=_by_state(chosen.values()),
        left_out=_by_state(kept.elements()),
        gone=len(wanted) - len(standing),
        beyond=len(takes) - len(chosen),
    )
    return _add(session, campaign_id, verb, counted, chosen, reason=reason, by=by, at=at)


def plan_all(
    session: Session,
    campaign_id: int,
    verb: Verb,
    wanted: Search,
    sort: Sort[SignatureColumn],
    *,
    reason: HoldReason | None,
    by: str,
    at: datetime,
) -> int:
    """The same for all that a search finds: the first ones of it, where they are too many."""
    found = search.by_state(session, campaign_id, wanted)
    ids = search.ids(session, campaign_id, wanted, sort, TAKES[verb], most=MOST)
    chosen = search.states_of(session, campaign_id, ids)
    counted = Counted(
        takes=_by_state(chosen.values()),
        left_out={state: number for state, number in found.items() if state not in TAKES[verb]},
        beyond=sum(number for state, number in found.items() if state in TAKES[verb]) - len(chosen),
    )
    return _add(session, campaign_id, verb, counted, chosen, reason=reason, by=by, at=at)


def _by_state(found: Iterable[State]) -> dict[str, int]:
    return {str(state): number for state, number in Counter(found).items()}


def _add(
    session: Session,
    campaign_id: int,
    verb: Verb,
    counted: Counted,
    items: dict[int, State],
    *,
    reason: HoldReason | None,
    by: str,
    at: datetime,
) -> int:
    return bulk_actions.add(
        session,
        campaign_id=campaign_id,
        verb=verb,
        reason=reason if verb in GIVES_A_REASON else None,
        counted=counted,
        items=items,
        by=by,
        at=at,
    )


def do(session: Session, action: Action, *, by: str, at: datetime) -> int:
    """Hold, reject or restore what was counted; how many that changed. Raises NotAny."""
    assert action.verb != Verb.ERASE
    _begin(session, action, ActionState.DONE, by=by, at=at)
    items = bulk_actions.lock_items(session, action.id, done=False)
    changed = 0
    for to, chosen in _grouped(action.verb, items).items():
        ids = [item.signature_id for item in chosen]
        bulk_actions.move(session, action.id, ids, to, reason=action.reason, at=at)
        for id_ in ids:
            detail = f"{id_}: {action.reason}" if action.reason is not None else str(id_)
            _note(session, f"signature {to}", detail, by=by, at=at)
        changed += len(ids)
    bulk_actions.set_changed(session, action.id, changed)
    return changed


def _grouped(verb: Verb, items: Iterable[Item]) -> dict[State, list[Item]]:
    """By where they go; without those that have changed since they were counted."""
    found: dict[State, list[Item]] = {}
    for item in items:
        if item.state == item.was_state:
            to = domain.target(verb, mailbox_confirmed=item.mailbox_confirmed)
            found.setdefault(to, []).append(item)
    return found


def undo(session: Session, action: Action, *, by: str, at: datetime) -> int:
    """Within the hour: each is as it was, but what has changed since; how many. Raises NotAny."""
    if not bulk_actions.end(
        session, action.id, ActionState.DONE, ActionState.UNDONE, since=at - UNDO_LIFE
    ):
        raise NotAny
    items = bulk_actions.lock_items(session, action.id, done=True)
    back: dict[State, list[Item]] = {}
    for item in items:
        if item.moved_at == action.done_at and _is_there(action.verb, item.state):
            to = domain.before(item.was_state, mailbox_confirmed=item.mailbox_confirmed)
            back.setdefault(to, []).append(item)
    for to, chosen in back.items():
        bulk_actions.move_back(
            session, action.id, [item.signature_id for item in chosen], to, at=at
        )
        for item in chosen:
            reason = item.was_hold_reason
            detail = f"{item.signature_id}: {reason}" if reason else str(item.signature_id)
            _note(session, f"signature {to}", detail, by=by, at=at, outcome=UNDONE)
    done = sum(map(len, back.values()))
    bulk_actions.set_kept(session, action.id, (action.changed or 0) - done)
    return done


def _is_there(verb: Verb, state: State) -> bool:
    """Whether it still stands where the action has put it; a mailbox may have confirmed since."""
    return state in {domain.target(verb, mailbox_confirmed=each) for each in (False, True)}


def ask_erasure(session: Session, action: Action, *, by: str, at: datetime) -> int:
    """Mark what was counted: in an hour the worker erases it; how many. Raises NotAny."""
    assert action.verb == Verb.ERASE
    _begin(session, action, ActionState.WAITING, by=by, at=at)
    ids = bulk_actions.ids_of(session, action.id)
    for id_ in ids:
        _note(session, AuditAction.ASK_ERASURE, str(id_), by=by, at=at)
    bulk_actions.set_changed(session, action.id, len(ids))
    return len(ids)


def cancel_erasure(session: Session, action: Action, *, by: str, at: datetime) -> None:
    """Within the hour: nothing is erased. Raises NotAny."""
    if not bulk_actions.end(
        session, action.id, ActionState.WAITING, ActionState.CANCELLED, since=None
    ):
        raise NotAny
    for id_ in bulk_actions.ids_of(session, action.id):
        _note(session, AuditAction.CANCEL_ERASURE, str(id_), by=by, at=at)


def drop(session: Session, action: Action) -> None:
    """What was only counted is not done. Raises NotAny where it was."""
    if not bulk_actions.end(
        session, action.id, ActionState.PLANNED, ActionState.CANCELLED, since=None
    ):
        raise NotAny


def _begin(session: Session, action: Action, to: ActionState, *, by: str, at: datetime) -> None:
    if not bulk_actions.begin(session, action.id, to, by=by, planned_since=at - PLAN_LIFE, at=at):
        raise NotAny


def _note(
    session: Session, action: str, detail: str, *, by: str, at: datetime, outcome: str = "done"
) -> None:
    audit.note(session, who=by, action=action, outcome=outcome, at=at, detail=detail)


def delete_old(session: Session, *, at: datetime) -> None:
    """What nobody can do or undo any more."""
    bulk_actions.delete_old(session, before=at - PLAN_LIFE)

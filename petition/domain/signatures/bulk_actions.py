"""Bulk actions: what staff do with one signature or many, and from which states."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from petition.domain.signatures import states
from petition.domain.signatures.states import State

UNDO_LIFE: Final = timedelta(hours=1)
"""For so long an action can be undone, and an erasure that was asked for waits."""
PLAN_LIFE: Final = timedelta(days=1)
"""What was only counted, and never done, is forgotten after that."""
MOST: Final = 5_000
"""As many signatures go into one action: it is one transaction, which others wait for."""


class Verb(StrEnum):
    """What can be done."""

    HOLD = "hold"
    REJECT = "reject"
    RESTORE = "restore"
    """Back to where its mailbox left it: confirmed or pending."""
    ERASE = "erase"
    """After an hour; until then it can be cancelled."""


class ActionState(StrEnum):
    """How far an action is."""

    PLANNED = "planned"
    """Counted; nothing is changed."""
    WAITING = "waiting"
    """An erasure whose hour runs."""
    DONE = "done"
    UNDONE = "undone"
    CANCELLED = "cancelled"


TAKES: Final[Mapping[Verb, frozenset[State]]] = {
    Verb.HOLD: frozenset({states.PENDING, states.CONFIRMED, states.REJECTED}),
    Verb.REJECT: frozenset({states.PENDING, states.CONFIRMED, states.HELD}),
    Verb.RESTORE: frozenset({states.HELD, states.REJECTED}),
    Verb.ERASE: frozenset(State),
}
"""The states that each takes a signature from; others are left as they are."""

GIVES_A_REASON: Final = frozenset({Verb.HOLD, Verb.REJECT})
"""Their person reads why."""


def target(verb: Verb, *, mailbox_confirmed: bool) -> State:
    """Where a signature stands afterwards. Erasing has no such state."""
    if verb == Verb.RESTORE:
        return states.after_release(mailbox_confirmed=mailbox_confirmed)
    return {Verb.HOLD: states.HELD, Verb.REJECT: states.REJECTED}[verb]


def before(was: State, *, mailbox_confirmed: bool) -> State:
    """Where undoing leads: where it was, but a mailbox that has confirmed since stays so."""
    if was in {states.PENDING, states.CONFIRMED}:
        return states.after_release(mailbox_confirmed=mailbox_confirmed)
    return was

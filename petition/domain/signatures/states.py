"""A signature's states and the moves that it may make; an erased one has no row."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Of a signature that has a row."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    HELD = "held"
    REJECTED = "rejected"
    WRITER = "writer"
    """No signature: somebody only writes to the targets, with a confirmed mailbox or one that is
    to confirm. It is in no count, list, search or queue of signatures."""


PENDING: Final = State.PENDING
CONFIRMED: Final = State.CONFIRMED
WITHDRAWN: Final = State.WITHDRAWN
HELD: Final = State.HELD
REJECTED: Final = State.REJECTED
WRITER: Final = State.WRITER

KEPT: Final[tuple[State, ...]] = tuple(State)
"""What a row may be in."""
STATES: Final[tuple[State, ...]] = tuple(state for state in KEPT if state != WRITER)
"""What a signature may be in."""

MOVES: Final[dict[State, frozenset[State]]] = {
    PENDING: frozenset({CONFIRMED, HELD, REJECTED, WITHDRAWN}),
    CONFIRMED: frozenset({HELD, REJECTED, WITHDRAWN}),
    HELD: frozenset({PENDING, CONFIRMED, REJECTED, WITHDRAWN}),
    REJECTED: frozenset({HELD}),
    # Only its owner brings a withdrawn one back: by undoing it, or by a form sent in anew
    # (store/signatures.confirm).
    WITHDRAWN: frozenset(),
    # Only a form that signs makes a signature of it (store/signatures.confirm).
    WRITER: frozenset(),
}

WITHDRAWABLE: Final = tuple(state for state in STATES if WITHDRAWN in MOVES[state])
"""Undoing the withdrawal within its hour leads back to that one."""

IN_LISTS: Final = tuple(state for state in STATES if state != WITHDRAWN)
"""What may leave in an export: who withdrew is in no later list."""


class Visibility(StrEnum):
    """What a supporter lets be seen of the name."""

    COUNTED = "counted"
    TARGET = "target"
    PUBLIC = "public"


VISIBILITIES: Final = tuple(Visibility)
HANDED_TO_TARGET: Final = (Visibility.TARGET, Visibility.PUBLIC)
"""Who chose to be shown in public also hands the name to the target."""


def after_release(*, mailbox_confirmed: bool) -> State:
    """The state that a held signature goes back to."""
    return CONFIRMED if mailbox_confirmed else PENDING

"""A signature's states and the moves that it may make."""

from __future__ import annotations

from typing import Final

PENDING: Final = "pending"
CONFIRMED: Final = "confirmed"
WITHDRAWN: Final = "withdrawn"
HELD: Final = "held"
REJECTED: Final = "rejected"
ERASED: Final = "erased"

STATES: Final = (PENDING, CONFIRMED, WITHDRAWN, HELD, REJECTED, ERASED)

MOVES: Final[dict[str, frozenset[str]]] = {
    PENDING: frozenset({CONFIRMED, HELD, REJECTED, WITHDRAWN, ERASED}),
    CONFIRMED: frozenset({HELD, REJECTED, WITHDRAWN, ERASED}),
    HELD: frozenset({PENDING, CONFIRMED, REJECTED, WITHDRAWN, ERASED}),
    REJECTED: frozenset({HELD, ERASED}),
    # Only its owner brings a withdrawn one back, by a form sent in anew (store/signatures.confirm).
    WITHDRAWN: frozenset({ERASED}),
    ERASED: frozenset(),
}

WITHDRAWABLE: Final = tuple(state for state in STATES if WITHDRAWN in MOVES[state])

IN_LISTS: Final = tuple(state for state in STATES if state not in {WITHDRAWN, ERASED})
"""What may leave in an export: who withdrew is in no later list."""

VISIBILITIES: Final = ("counted", "target", "public")
HANDED_TO_TARGET: Final = ("target", "public")
"""Who chose to be shown in public also hands the name to the target."""


def after_release(*, mailbox_confirmed: bool) -> str:
    """The state that a held signature goes back to."""
    return CONFIRMED if mailbox_confirmed else PENDING

"""Letters: kinds and states, what each says to whom, how often, and when a try is repeated."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import new as hmac
from typing import Final

from petition.domain.signatures import states


class LetterKind(StrEnum):
    """What a letter is for."""

    CONFIRM = "confirm"
    """Owed for every form sent in; the worker decides by the signature's state what it says."""
    REMINDER = "reminder"
    """Still to confirm: owed once, three days after."""
    THANKS = "thanks"
    """Owed when the mailbox's owner confirms."""
    DATA = "data"
    """The link to one's own signature: owed to who asks for it."""
    ALREADY = "already"
    """What a `confirm` letter says to who has confirmed: no letter is owed under this name."""
    WRITTEN = "written"
    """What it says to them where their form brought a message: read it, then send it."""
    MESSAGE = "message"
    """A supporter's message to a target."""
    REPLY = "reply"
    """A target's reply, written anew for the supporter whose message it answers."""
    ANSWER_HERE = "answer_here"
    """To who answered by mail: where answers are written instead. One a day at most."""
    MESSAGE_CANCELLED = "message_cancelled"
    """To who wrote one: it does not go, as its target is written to no more."""
    MESSAGE_MOVED = "message_moved"
    """To who wrote one: it goes to the target that took the place of theirs."""
    FOLLOW_UP = "follow_up"
    """To who wrote, two weeks on: did an answer come?"""
    TARGET_ANSWER = "target_answer"
    """To who wrote and asked for it: the target answered."""
    MESSAGE_TRIAL = "message_trial"
    """To staff: a message as a target would get it."""
    NEW_FACTOR = "new_factor"
    """To staff: a second factor was set up for their account."""
    FACTOR_REMOVED = "factor_removed"
    """To staff: a second factor of their account was removed."""
    WRONG_CODES = "wrong_codes"
    """To staff: somebody has their password, and types wrong codes."""
    RESET = "reset"
    """To staff: they were given a link to set up another second factor."""
    RESET_TOLD = "reset_told"
    """To owners: somebody was given such a link."""
    ARRANGEMENT = "arrangement"
    """To a partner: the link to what it has to accept."""
    MANY_RECORDS = "many_records"
    """To owners: somebody of staff opened many records of supporters within an hour."""
    WEBHOOK_FAILS = "webhook_fails"
    """To owners: a receiver of webhooks has not answered for a day, or for two."""
    WEBHOOK_OFF = "webhook_off"
    """To owners: nothing is sent to a receiver of webhooks any more."""
    PROVIDER_BLOCKS = "provider_blocks"
    """To owners: a mail provider blocks our letters, and gets none for a while."""


class LetterState(StrEnum):
    """How far a letter is."""

    OWED = "owed"
    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"


CONFIRM: Final = LetterKind.CONFIRM
REMINDER: Final = LetterKind.REMINDER
THANKS: Final = LetterKind.THANKS
DATA: Final = LetterKind.DATA
ALREADY: Final = LetterKind.ALREADY
WRITTEN: Final = LetterKind.WRITTEN
MESSAGE: Final = LetterKind.MESSAGE
REPLY: Final = LetterKind.REPLY
ANSWER_HERE: Final = LetterKind.ANSWER_HERE
MESSAGE_CANCELLED: Final = LetterKind.MESSAGE_CANCELLED
MESSAGE_MOVED: Final = LetterKind.MESSAGE_MOVED
FOLLOW_UP: Final = LetterKind.FOLLOW_UP
TARGET_ANSWER: Final = LetterKind.TARGET_ANSWER
MESSAGE_TRIAL: Final = LetterKind.MESSAGE_TRIAL
NEW_FACTOR: Final = LetterKind.NEW_FACTOR
FACTOR_REMOVED: Final = LetterKind.FACTOR_REMOVED
WRONG_CODES: Final = LetterKind.WRONG_CODES
RESET: Final = LetterKind.RESET
RESET_TOLD: Final = LetterKind.RESET_TOLD
ARRANGEMENT: Final = LetterKind.ARRANGEMENT
MANY_RECORDS: Final = LetterKind.MANY_RECORDS
WEBHOOK_FAILS: Final = LetterKind.WEBHOOK_FAILS
WEBHOOK_OFF: Final = LetterKind.WEBHOOK_OFF
PROVIDER_BLOCKS: Final = LetterKind.PROVIDER_BLOCKS
CONFIRMING: Final = frozenset({CONFIRM, REMINDER})
"""What is worth nothing once the link to confirm has ended."""
ABOUT_MESSAGES: Final = frozenset({MESSAGE_CANCELLED, MESSAGE_MOVED, FOLLOW_UP, TARGET_ANSWER})
"""What whoever wrote to a target learns of it: only who is confirmed, by staff or with time."""
UNASKED: Final = frozenset({REMINDER, THANKS, FOLLOW_UP, TARGET_ANSWER})
"""Letters that no click of the supporter's asks for, and one that they may not want any more: who
unsubscribes gets none."""
UNLIMITED: Final = frozenset({THANKS}) | ABOUT_MESSAGES
"""Not charged to the mailbox's limits: nobody can cause one by typing its address."""

OWED: Final = LetterState.OWED
SENT: Final = LetterState.SENT
FAILED: Final = LetterState.FAILED
WITHHELD: Final = LetterState.WITHHELD
STATES: Final = tuple(LetterState)

STOPPED: Final = "stopped by us"
"""How `last_error` begins when we ourselves would not let a letter go: its address or bytes."""

UNCONFIRMED_EVER: Final = 5

_PAUSES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 20, 60, 180, 360, 720, 1440, 1440)
)


def letter_to_send(
    kind: str, state: str, mailbox_confirmed: bool, *, has_message: bool = False
) -> LetterKind | None:
    """What a letter of that kind says, the signature being in that state; None: nothing at all.

    `has_message`: a message came with its form, and waits.

    Who is held back or rejected gets the letter that anybody gets. Who withdrew and signed again
    confirms again, as does who only writes.
    """
    settled = state == states.CONFIRMED or (state == states.HELD and mailbox_confirmed)
    says: dict[str, LetterKind | None] = {
        CONFIRM: (WRITTEN if has_message else ALREADY) if settled else CONFIRM,
        REMINDER: REMINDER if state == states.PENDING else None,
        THANKS: THANKS if settled or state == states.WRITER else None,
        DATA: DATA,
    }
    if kind in ABOUT_MESSAGES:
        return LetterKind(kind) if settled or state == states.WRITER else None
    return says.get(kind)


def message_id(secret_key: str, letter_id: int) -> str:
    """What stands before the @ in its Message-ID: the same at every try; tells nothing."""
    return hmac(secret_key.encode(), b"message-id %d" % letter_id, sha256).hexdigest()[:32]


def pause_after(attempts: int, jitter: float) -> timedelta | None:
    """How long to wait after the given number of tries; None when it is time to give up.

    `jitter` is from 0 to 1 and adds up to a quarter, so that letters do not come back in step.
    """
    if attempts > len(_PAUSES):
        return None
    return _PAUSES[attempts - 1] * (1 + 0.25 * jitter)

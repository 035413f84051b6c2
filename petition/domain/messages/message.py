"""A message: a supporter's own email to a target; its states, its sender as shown, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from petition.domain.signatures import states
from petition.domain.signatures.supporter import Person


class MessageState(StrEnum):
    """How far a message is."""

    WAITING = "waiting"
    """Composed; its writer has not confirmed it by their mailbox."""
    QUEUED = "queued"
    SENT = "sent"
    BOUNCED = "bounced"
    """The target's server refused it for good, or sent it back."""
    PARKED = "parked"
    """It was being handed over, and nobody knows whether it was taken: never sent by itself."""
    CANCELLED = "cancelled"
    """Its writer had written to this target before, or the target is none any more."""


WAITING: Final = MessageState.WAITING
QUEUED: Final = MessageState.QUEUED
SENT: Final = MessageState.SENT
BOUNCED: Final = MessageState.BOUNCED
PARKED: Final = MessageState.PARKED
CANCELLED: Final = MessageState.CANCELLED
STATES: Final = tuple(MessageState)
ENDED: Final = (SENT, BOUNCED, PARKED, CANCELLED)


def may_go(writer_state: str, *, apart: bool) -> bool:
    """Whether a message of somebody in this state may be queued, and handed over.

    One that came without a signature goes also when its writer has withdrawn theirs. Whom staff
    hold back or reject, or who has not confirmed, sends nothing.
    """
    if apart and writer_state == states.WITHDRAWN:
        return True
    return writer_state in (states.CONFIRMED, states.WRITER)


class ShownAs(StrEnum):
    """As whom the target sees the writer."""

    FULL_NAME = "full_name"
    FIRST_NAME = "first_name"
    SUPPORTER = "supporter"


SHOWN_AS: Final = tuple(ShownAs)


class Choice(StrEnum):
    """Among the targets of a campaign, to whom a message goes."""

    ALL = "all"
    """To each of them."""
    OFFICES = "offices"
    """To those that the writer ticks."""
    ONE = "one"
    """To one at random, so that they share the load."""


SUBJECT_LENGTH: Final = 120
BODY_LENGTH: Final = 4000
QUESTIONS: Final = 3
"""So many of them a form has room for."""
ANSWER_LENGTH: Final = 1000
SHORT: Final = 80
"""A text of fewer characters is hinted at as short."""
MOST_LINKS: Final = 1
NAME: Final = "{name}"
TARGET: Final = "{target}"
PLACEHOLDERS: Final = (NAME, TARGET)


class MessageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a campaign's supporters write; kept as JSON, so a field that is added has a default."""

    enabled: bool = False
    choice: Choice = Choice.ALL
    wave: int = 1
    """One message for each supporter and target in a wave: the next number begins a new one."""
    together: bool = False
    """One email to all whom somebody writes to, who see each other; else one to each."""


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """A message as staff wrote it, to begin with; kept as JSON."""

    subject: str
    body: str
    """With {name} and {target} where the writer's name and the target's stand."""


class Writing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What helps supporters to write, in one language; kept as JSON."""

    questions: tuple[str, ...] = ()
    """What the writer is asked: each answer becomes a paragraph of the message."""
    insults: tuple[str, ...] = ()
    """Words that a writer is asked about, and may use all the same."""
    consent: str = ""
    """What somebody agrees to who writes without signing; empty: everybody signs with it."""


class MessageText(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What the target sees; kept only sealed. A new field stands last and has a default."""

    sender: str
    """The name before `via`."""
    subject: str
    body: str


def sender_name(person: Person, shown_as: ShownAs, supporter: str) -> str:
    """The name that the target sees; `supporter` are the words for one without a name."""
    match shown_as:
        case ShownAs.FULL_NAME:
            return f"{person.given_name} {person.family_name}".strip()
        case ShownAs.FIRST_NAME:
            return person.given_name
        case ShownAs.SUPPORTER:
            return supporter


def with_answers(body: str, answers: Sequence[str]) -> str:
    """The text with each answer as a paragraph of its own, before the last one: the closing."""
    own = [each.strip() for each in answers if each.strip()]
    if not own:
        return body
    before, gap, closing = body.rstrip().rpartition("\n\n")
    return "\n\n".join([before, *own, closing] if gap else [closing, *own]).strip()


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in, in one pass: what is filled in stays as it is."""
    out, rest = "", text
    while True:
        found = min(
            ((rest.find(name), name) for name in PLACEHOLDERS if name in rest), default=None
        )
        if found is None:
            return out + rest
        place, name = found
        out += rest[:place] + values[name]
        rest = rest[place + len(name) :]

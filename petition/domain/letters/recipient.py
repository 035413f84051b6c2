"""Recipients: to whom a letter may go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RecipientKind(StrEnum):
    """What a recipient's number counts."""

    ENTRY = "entry"
    """The mailbox that was typed into a form."""
    STAFF = "staff"
    PARTNER = "partner"
    """Whom a partner named as its contact."""
    MESSAGE = "message"
    """The target that a supporter's message is for."""
    REPLY = "reply"
    """The supporter whose message a target's reply answers."""


@dataclass(frozen=True)
class Recipient:
    """To whom one letter goes."""

    kind: RecipientKind
    id: int

    @classmethod
    def entry(cls, entry_id: int) -> Recipient:
        return cls(RecipientKind.ENTRY, entry_id)

    @classmethod
    def staff(cls, staff_id: int) -> Recipient:
        return cls(RecipientKind.STAFF, staff_id)

    @classmethod
    def partner(cls, partner_id: int) -> Recipient:
        return cls(RecipientKind.PARTNER, partner_id)

    @classmethod
    def message(cls, message_id: int) -> Recipient:
        return cls(RecipientKind.MESSAGE, message_id)

    @classmethod
    def reply(cls, reply_id: int) -> Recipient:
        return cls(RecipientKind.REPLY, reply_id)

"""Own messages: what a supporter sees of the messages written with their address, and deletes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from petition.domain.messages.message import MessageText
from petition.services.privacy.erasure import ErasureContext, clean_up
from petition.services.privacy.rights import message_text
from petition.store.db import Session
from petition.store.messages import messages
from petition.store.messages.messages import MessageRecord
from petition.store.vault.vault import Vault


@dataclass(frozen=True, kw_only=True)
class OwnMessage:
    """A message, opened."""

    record: MessageRecord
    text: MessageText | None
    """None once it was deleted."""


def opened(vault: Vault, records: tuple[MessageRecord, ...]) -> list[OwnMessage]:
    """The messages with their texts."""
    return [OwnMessage(record=each, text=message_text(vault, each)) for each in records]


def delete(
    session: Session,
    context: ErasureContext,
    signature_id: int,
    message_id: int,
    *,
    at: datetime,
) -> bool:
    """Delete one of them: one that has not gone will not go. False where there is none."""
    letters = messages.delete_one(session, signature_id, message_id)
    if letters is None:
        return False
    clean_up(session, context, letters, at=at)
    return True

"""Receiving: an email that came in is kept, sealed, before anybody reads it.

Whatever it is and wherever it is for, the same is done: so no address that it is sent to answers
otherwise than another, and no email is lost to a fault in reading it.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from petition import structs
from petition.domain.letters.inbound import LARGEST, MOST_RECIPIENTS
from petition.domain.signatures.entry_ids import new_entry_id
from petition.store.db import Session
from petition.store.letters import inbound_mails
from petition.store.vault.vault import Vault

LONGEST_ADDRESS: Final = 320
NOBODY: Final = "MAILER-DAEMON"
"""What Postfix says to a pipe for an empty sender, unless it is told otherwise."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a mail server says beside the email."""

    to: tuple[str, ...]
    """Empty where nobody told."""
    sender: str | None
    """Empty for what servers themselves send; None where nobody told."""


@dataclass(frozen=True, kw_only=True)
class Received:
    """An email as it came in."""

    envelope: Envelope
    content: bytes


@dataclass(frozen=True, kw_only=True)
class PlaceContext:
    """What keeping an email from a place once needs."""

    vault: Vault
    secret_key: str


_ENVELOPE = structs.decoder(Envelope)


def envelope(to: Sequence[str], sender: str | None) -> Envelope:
    """What was said, within bounds."""
    if sender is not None:
        sender = sender[:LONGEST_ADDRESS].strip().strip("<>")
        sender = "" if sender.upper() == NOBODY else sender
    return Envelope(
        to=tuple(each[:LONGEST_ADDRESS] for each in to[:MOST_RECIPIENTS]), sender=sender
    )


def keep(session: Session, vault: Vault, received: Received, *, at: datetime) -> None:
    """Keep it, from the commit on."""
    id_, number = new_entry_id(at), vault.current
    plain = msgspec.json.encode(received.envelope) + b"\n" + received.content[:LARGEST]
    inbound_mails.add(session, id_, vault.seal_inbound(plain, id_, number), number, at=at)


def keep_once(
    session: Session, context: PlaceContext, received: Received, place: str, *, at: datetime
) -> None:
    """The same for one that lies somewhere until it is deleted there: kept once, however often
    it is found in that place.
    """
    if inbound_mails.is_new(session, _mark(context.secret_key, place), at=at):
        keep(session, context.vault, received, at=at)


def is_kept(session: Session, secret_key: str, place: str) -> bool:
    """Whether the one that lies there was kept."""
    return inbound_mails.is_marked(session, _mark(secret_key, place))


def _mark(secret_key: str, place: str) -> bytes:
    return hmac.digest(secret_key.encode(), f"inbound {place}".encode(), "sha256")


def opened(plain: bytes) -> Received:
    """What was kept, as it came in."""
    head, _, content = plain.partition(b"\n")
    return Received(envelope=_ENVELOPE.decode(head), content=content)

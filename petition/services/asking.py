"""Asking: a letter sent once more, a link to one's own signature, and a code typed by hand.

Whoever asks gets the same answer, after the same work, for every address.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final

from sqlalchemy.orm import Session

from petition.domain import code as codes, letter as letters, tokens
from petition.errors import PetitionError
from petition.store import asked, holdings
from petition.store.asked import Asked

RESEND: Final = letters.CONFIRM
DATA: Final = letters.DATA

A_DAY: Final = timedelta(days=1)
CODE_TRIES: Final = 10
"""A day, for an address: with 20^6 codes, ten years of trying find one in a thousand."""
NEWEST: Final = letters.UNCONFIRMED_EVER
"""More letters than that never went to a mailbox that has not confirmed."""
BATCH: Final = 500


class TooManyTries(PetitionError):
    """Too many codes were typed for this address today. The link in the letter still works."""


def ask(session: Session, campaign_id: int, key: bytes, kind: str, *, at: datetime) -> None:
    """Somebody typed an address and wants a letter sent there."""
    asked.ask(session, Asked(campaign_id=campaign_id, address_key=key, kind=kind), at=at)


def answer(session: Session, *, at: datetime) -> int:
    """The worker's part: owe a letter to each who has a signature; how many had asked."""
    requests = asked.take(session, most=BATCH)
    for each in dict.fromkeys(requests):  # who asks ten times at once gets one letter
        entry_id = _form_to_write_about(session, each)
        if entry_id is not None:
            asked.owe(session, entry_id, each.kind, at=at)
    return len(requests)


def _form_to_write_about(session: Session, request: Asked) -> int | None:
    signature = asked.signature_of(session, request)
    if signature is None or request.kind != RESEND:
        return signature.entry_id if signature is not None else None
    newest = holdings.newest_unconfirmed(session, signature.id)
    # Who withdrew has nothing to confirm; who confirmed is told that they have.
    return signature.entry_id if newest is None and signature.withdrawn_at is None else newest


def count_try(session: Session, campaign_id: int, key: bytes, *, at: datetime) -> None:
    """Raises TooManyTries. In a transaction of its own: a try that fails must be kept."""
    if asked.count_try(session, campaign_id, key, at=at, within=A_DAY) > CODE_TRIES:
        raise TooManyTries


def entry_of_code(
    session: Session, secret_key: str, campaign_id: int, key: bytes, typed: str, *, at: datetime
) -> int | None:
    """The form whose letter has this code; None for a wrong code and for a wrong address."""
    forms = asked.newest_forms(
        session, campaign_id, key, since=at - tokens.CONFIRM_LIFE, most=NEWEST
    )
    found = None
    for entry_id in forms:  # to the end, also after a hit
        right = compare_digest(codes.code(secret_key, entry_id), codes.typed(typed))
        if right and entry_id:
            found = entry_id
    return found

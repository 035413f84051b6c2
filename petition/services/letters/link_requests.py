"""Link requests: a letter sent once more, a link to one's own signature, and a code typed by hand.

Whoever asks gets the same answer, after the same work, for every address.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final

from petition.domain import tokens
from petition.domain.abuse.actions import AN_HOUR, Action
from petition.domain.letters import confirmation_code as codes, letter as letters
from petition.domain.letters.recipient import Recipient
from petition.errors import PetitionError
from petition.services.abuse import limits
from petition.services.abuse.limits import LimitResult, Sender
from petition.store.db import Condition, Moment, Session
from petition.store.letters import code_attempts, link_requests, outbox
from petition.store.letters.link_requests import LetterRequest
from petition.store.letters.outbox import NewLetter
from petition.store.privacy import personal_data

RESEND: Final = letters.CONFIRM
DATA: Final = letters.DATA

A_DAY: Final = timedelta(days=1)
CODE_TRIES: Final = 10
"""A day, for an address: with 20^6 codes, ten years of trying find one in a thousand."""
NEWEST: Final = letters.UNCONFIRMED_EVER
"""More letters than that never went to a mailbox that has not confirmed."""
BATCH: Final = 500


BEYOND: Final = 10
"""When the total of an hour is spent, each sender has so many tries a day that are still judged,
each for another address: nobody who guesses can keep those out who hold a letter."""
TOTAL: Final = "codes"


class TooManyTries(PetitionError):
    "Too many codes were typed for this address today. The link in the email still works."


class TooManyInAll(PetitionError):
    """Too many codes were typed for all addresses in this hour."""


def request_link(
    session: Session,
    campaign_id: int,
    key: bytes,
    kind: str,
    *,
    earlier: Collection[bytes] = (),
    sender: Sender | None,
    at: datetime,
) -> LimitResult:
    """Somebody typed an address and wants a letter sent there; over, when that was too much.

    `earlier` are the other keys that the address may have had (services/vault/address_keys.ever): a
    signature may wait to be keyed anew. The letter waits for its sender's turn, like those of
    forms. Commit it either way.
    """
    due_at = at
    if sender is not None:
        counted = limits.count(session, sender, Action.LINK_REQUEST, at=at)
        if counted.over:
            return counted
        turn = limits.letter_turn(session, sender, at=at)
        if not turn.taken:
            return LimitResult(over=True, retry_after=limits.retry_after(turn.until, at=at))
        due_at = turn.until
    for each in sorted({key, *earlier}):
        wanted = LetterRequest(campaign_id=campaign_id, address_key=each, kind=kind, due_at=due_at)
        link_requests.request_link(session, wanted, at=at)
    return LimitResult(over=False)


def is_due(_: Moment) -> Condition:
    """Whether there is something to answer."""
    return link_requests.is_any()


def answer(session: Session, *, at: datetime) -> int:
    """The worker's part: owe a letter to each who has a signature; how many had asked."""
    requests = link_requests.take(session, most=BATCH)
    first: dict[tuple[int, bytes, str], LetterRequest] = {}
    for each in sorted(requests, key=lambda each: each.due_at or at):
        first.setdefault((each.campaign_id, each.address_key, each.kind), each)
    for each in first.values():  # who asks ten times at once gets one letter
        entry_id = _form_to_write_about(session, each)
        if entry_id is not None:
            due_at = max(each.due_at or at, at)
            letter = NewLetter(kind=each.kind, to=Recipient.entry(entry_id), due_at=due_at)
            outbox.enqueue(session, [letter])
    return len(requests)


def _form_to_write_about(session: Session, request: LetterRequest) -> int | None:
    signature = link_requests.signature_of(session, request)
    if signature is None or request.kind != RESEND:
        return signature.entry_id if signature is not None else None
    newest = personal_data.newest_unconfirmed(session, signature.id)
    # Who withdrew has nothing to confirm; who confirmed is told that they have.
    return signature.entry_id if newest is None and signature.withdrawn_at is None else newest


def count_sender(session: Session, sender: Sender, *, at: datetime) -> LimitResult:
    """Count a try by who sends it. Commit it either way."""
    return limits.count(session, sender, Action.CODE, at=at)


def count_try(
    session: Session, campaign_id: int, key: bytes, *, sender: Sender, hourly: int, at: datetime
) -> None:
    """Raises TooManyTries: too many for this address, or in this hour for all addresses together.

    In a transaction of its own: a try that fails must be kept. When it raises, nothing must be
    committed, because a try that is not judged does not count.
    """
    if not code_attempts.count_try(session, campaign_id, key, most=CODE_TRIES, at=at, within=A_DAY):
        raise TooManyTries
    if limits.count_total(session, TOTAL, at=at, within=AN_HOUR) > hourly:
        subject = key + campaign_id.to_bytes(8, "big")
        if not _may_try_beyond(session, sender, subject):
            raise TooManyInAll


def _may_try_beyond(session: Session, sender: Sender, subject: bytes) -> bool:
    """When the hour's total is spent: a sender's first try for an address, for few addresses."""
    if not limits.is_first_try(session, sender, subject):
        return False
    turns = (b"beyond the total %d" % number for number in range(BEYOND))
    return any(limits.is_first_try(session, sender, turn) for turn in turns)


def entry_of_code(
    session: Session,
    secret_key: str,
    campaign_id: int,
    keys: Collection[bytes],
    typed: str,
    *,
    at: datetime,
) -> int | None:
    """The form whose letter has this code; None for a wrong code and for a wrong address."""
    forms = code_attempts.newest_forms(
        session, campaign_id, keys, since=at - tokens.CONFIRM_LIFE, most=NEWEST
    )
    found = None
    for entry_id in forms:  # to the end, also after a hit
        right = compare_digest(codes.code(secret_key, entry_id), codes.typed(typed))
        if right and entry_id:
            found = entry_id
    return found

"""Sending webhooks: what is next, what it says, and what follows from the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from petition.domain.letters import letter as letters
from petition.domain.letters.letter import LetterKind
from petition.domain.letters.recipient import Recipient
from petition.domain.partners import references
from petition.domain.partners.disclosures import Way
from petition.domain.webhooks import event, retries, signing
from petition.domain.webhooks.event import Data, Details, EndpointState, EventKind
from petition.services.webhooks.endpoints import HEALTHY
from petition.store.db import Session
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.partners import disclosures
from petition.store.staff import pauses, roles
from petition.store.staff.pauses import Paused
from petition.store.vault.vault import Vault
from petition.store.webhooks import deliveries, endpoints, standing
from petition.store.webhooks.deliveries import Answer, DeliveryRecord
from petition.store.webhooks.endpoints import EndpointRecord

BATCH: Final = 50
LEASE: Final = timedelta(minutes=10)
GONE: Final = 410
_FULL: Final = frozenset({EventKind.CONFIRMED, EventKind.CONSENT})


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Messages that one worker sends to one endpoint, in this order."""

    endpoint: EndpointRecord
    messages: tuple[DeliveryRecord, ...]


@dataclass(frozen=True, kw_only=True)
class ReadyMessage:
    """A message as it goes out."""

    headers: Mapping[str, str]
    body: bytes


def claim(session: Session, *, worker: str, at: datetime) -> Batch | None:
    """Messages that are due to one endpoint; None where there are none, or where all rests."""
    if any(pauses.since(session, each) is not None for each in Paused):
        return None
    endpoint = endpoints.claim(session, worker=worker, at=at, lease=LEASE)
    if endpoint is None:
        return None
    numbered = endpoint.partner is None
    found = deliveries.take(session, endpoint.id, numbered=numbered, at=at, most=BATCH)
    return Batch(endpoint=endpoint, messages=tuple(found))


def ready(
    session: Session, vault: Vault, endpoint: EndpointRecord, each: DeliveryRecord, *, at: datetime
) -> ReadyMessage:
    """The message, signed. Raises SealBroken."""
    body = event.body(each.kind, _data(session, vault, endpoint, each), at=each.happened_at)
    keys = [vault.open_webhook(endpoint.secret, endpoint.id)]
    until = endpoint.old_secret_until
    if endpoint.old_secret is not None and until is not None and at < until:
        keys.append(vault.open_webhook(endpoint.old_secret, endpoint.id))
    message_id, timestamp = vault.webhook_id(each.id), int(at.timestamp())
    signature = signing.signatures(
        endpoint.algorithm, keys, message_id=message_id, timestamp=timestamp, body=body
    )
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }
    return ReadyMessage(headers=headers, body=body)


def _data(session: Session, vault: Vault, endpoint: EndpointRecord, each: DeliveryRecord) -> Data:
    return Data(
        campaign=endpoint.campaign,
        sequence=each.sequence,
        reference=_reference(vault, endpoint, each.signature_id),
        state=each.signature_state,
        purpose=each.purpose,
        answer=each.answer,
        signature=_details(session, vault, endpoint, each),
    )


def _reference(vault: Vault, endpoint: EndpointRecord, signature_id: int | None) -> str | None:
    """What the organiser's lists know it by; to a partner, what that partner alone knows."""
    if signature_id is None:
        return None
    if endpoint.partner is None:
        return str(signature_id)
    return references.reference(vault.ring.partners, endpoint.partner, signature_id)


def _details(
    session: Session, vault: Vault, endpoint: EndpointRecord, each: DeliveryRecord
) -> Details | None:
    """What a full message says of the person; nothing of who has left since it was owed."""
    if not endpoint.is_full or each.kind not in _FULL or each.signature_id is None:
        return None
    found = standing.form(session, each.signature_id, endpoint.partner_id)
    if found is None:
        return None
    person = vault.open(found.sealed, found.entry_id, found.key_number)
    told = Details(
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
        country=found.country,
        language=found.language,
    )
    if endpoint.partner_id is not None:  # as its arrangement says, and no more
        return told
    return msgspec.structs.replace(
        told, postcode=person.postcode, visibility=found.visibility, updates=found.updates
    )


def note_answer(
    session: Session,
    sent_to: EndpointRecord,
    each: DeliveryRecord,
    answer: Answer,
    *,
    wait: timedelta | None,
    jitter: float,
    at: datetime,
) -> bool:
    """Keep what became of one try; False where the endpoint is left alone for a while.

    `wait` is how long it asked us to wait.
    """
    if answer.may_have_arrived:
        # Who answers has read the message, whatever it says to it; who does not may have.
        is_certain = answer.status is not None
        _note_disclosed(session, sent_to, each, is_certain=is_certain, at=at)
    endpoint = endpoints.lock(session, sent_to.id)
    if answer.status is not None and 200 <= answer.status < 300:
        deliveries.note_sent(session, each.id, answer, at=at)
        _note_healthy(session, endpoint, at=at)
        return endpoint.is_live
    wait = min(wait or timedelta(), retries.LONGEST_WAIT)
    attempts, owed_for = each.attempts + 1, at - each.happened_at
    pause = retries.pause_after(attempts, owed_for=owed_for, jitter=jitter)
    if pause is None and _is_shut_off(endpoint, at):
        pause = timedelta()  # it took nothing else either: all waits until it is switched on
    if pause is None:
        deliveries.note_dead(session, each.id, answer, at=at)
    else:
        deliveries.postpone(session, each.id, answer, until=at + max(pause, wait))
    if endpoint.is_live:
        _note_failing(session, endpoint, answer, wait=wait, jitter=jitter, at=at)
    return False


def _note_disclosed(
    session: Session,
    endpoint: EndpointRecord,
    each: DeliveryRecord,
    *,
    is_certain: bool,
    at: datetime,
) -> None:
    """A partner's program learned of somebody, or may have: their own page says so.

    The signature is locked before the endpoint, as by who erases it.
    """
    if endpoint.partner_id is None or each.signature_id is None:
        return
    if each.kind == EventKind.CONFIRMED:
        way = Way.FULL_WEBHOOK if endpoint.is_full else Way.WEBHOOK
        ids = [each.signature_id]
        disclosures.note(session, endpoint.partner_id, ids, way, at=at, is_certain=is_certain)


def _note_healthy(session: Session, endpoint: EndpointRecord, *, at: datetime) -> None:
    if endpoint.failing_since is None:
        return
    endpoints.set_values(session, endpoint.id, HEALTHY)
    if at - endpoint.failing_since >= retries.AN_OUTAGE:
        deliveries.hasten(session, endpoint.id, at=at)


def _note_failing(
    session: Session,
    endpoint: EndpointRecord,
    answer: Answer,
    *,
    wait: timedelta,
    jitter: float,
    at: datetime,
) -> None:
    since, failures = endpoint.failing_since or at, endpoint.failures + 1
    values: dict[str, Any] = {
        "failures": failures,
        "failing_since": since,
        "next_try_at": at + max(retries.endpoint_pause(failures, jitter=jitter), wait),
    }
    warnings = retries.warnings_due(since, at)
    if answer.status == GONE:
        values["state"] = EndpointState.GONE
        _tell_owners(session, endpoint, letters.WEBHOOK_OFF, at=at)
    elif _is_shut_off(endpoint, at):
        values["state"] = EndpointState.SHUT_OFF
        _tell_owners(session, endpoint, letters.WEBHOOK_OFF, at=at)
    elif warnings > endpoint.warnings:
        values["warnings"] = warnings
        _tell_owners(session, endpoint, letters.WEBHOOK_FAILS, at=at)
    endpoints.set_values(session, endpoint.id, values)


def _is_shut_off(endpoint: EndpointRecord, at: datetime) -> bool:
    since = endpoint.failing_since
    return since is not None and at - since >= retries.SHUT_OFF_AFTER


def _tell_owners(
    session: Session, endpoint: EndpointRecord, kind: LetterKind, *, at: datetime
) -> None:
    owners = sorted(roles.owners_of(session, endpoint.campaign_id))
    outbox.enqueue(
        session, [NewLetter(kind=kind, to=Recipient.staff(id_), due_at=at) for id_ in owners]
    )


def delete_old(session: Session, *, at: datetime) -> None:
    """What ended a month ago goes; what is owed for so long is given up."""
    deliveries.delete_old(session, before=at - retries.KEPT_FOR, at=at)

"""Link requests: what was asked for with an address alone.

Every request makes the same statement, whoever the address belongs to: the worker looks later
whether anything is due, and nobody who asks can see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from petition.store.db.conditions import Condition, any_row
from petition.store.tables import LinkRequest, Signature


@dataclass(frozen=True, kw_only=True)
class LetterRequest:
    """A letter of a kind, asked for an address."""

    campaign_id: int
    address_key: bytes
    kind: str
    due_at: datetime | None = None
    """When its sender's turn comes."""


def request_link(session: Session, request: LetterRequest, *, at: datetime) -> None:
    """Put it down for the worker."""
    session.execute(
        insert(LinkRequest).values(
            campaign_id=request.campaign_id,
            address_key=request.address_key,
            kind=request.kind,
            created_at=at,
            due_at=request.due_at,
        )
    )


def is_any() -> Condition:
    """Whether anybody asked."""
    return any_row(LinkRequest)


def take(session: Session, *, most: int) -> list[LetterRequest]:
    """The oldest requests, taken off the list: exactly once, by the DELETE."""
    oldest = (
        select(LinkRequest.id)
        .order_by(LinkRequest.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    rows = session.execute(
        delete(LinkRequest)
        .where(LinkRequest.id.in_(oldest))
        .returning(
            LinkRequest.campaign_id, LinkRequest.address_key, LinkRequest.kind, LinkRequest.due_at
        )
        .execution_options(synchronize_session=False)
    )
    return [
        LetterRequest(
            campaign_id=row.campaign_id,
            address_key=bytes(row.address_key),
            kind=row.kind,
            due_at=row.due_at,
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True)
class AskedSignature:
    """The signature that somebody asks about."""

    id: int
    entry_id: int
    withdrawn_at: datetime | None


def signature_of(session: Session, request: LetterRequest) -> AskedSignature | None:
    """The signature of the address, if there is one; who erases it waits for the commit."""
    row = session.scalar(
        select(Signature)
        .where(
            Signature.campaign_id == request.campaign_id,
            Signature.address_key == request.address_key,
        )
        .with_for_update(read=True, key_share=True)
    )
    if row is None:
        return None
    return AskedSignature(id=row.id, entry_id=row.entry_id, withdrawn_at=row.withdrawn_at)

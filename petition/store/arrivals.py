"""Arrivals: the rows that one form sent in makes, written many at a time.

A new address and one that has signed before make the same statements: the unique key decides,
nobody looks first. Only the signature's own row is not made twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, bindparam, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from petition.domain import letter as letters, signature as states
from petition.domain.source import Source
from petition.store.tables import Consent, Entry, Letter, Signature


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One consent question, answered."""

    purpose: str
    consent_text_id: int
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """One form, ready to be kept: sealed, keyed, and with its answers."""

    campaign_id: int
    address_key: bytes
    entry_id: int
    sealed: bytes
    key_number: int
    country: str
    language: str
    visibility: str
    source: Source
    answers: tuple[Answer, ...]
    way: str
    at: datetime


_SIGNATURES: Table = Signature.__table__  # type: ignore[assignment]  # declared as FromClause
_INSERT = {
    "sqlite": sqlite.insert(_SIGNATURES).on_conflict_do_nothing(
        index_elements=["campaign_id", "address_key"]
    ),
    "postgresql": postgresql.insert(_SIGNATURES).on_conflict_do_nothing(
        index_elements=["campaign_id", "address_key"]
    ),
}
_FIND = select(Signature.campaign_id, Signature.address_key, Signature.id).where(
    tuple_(Signature.campaign_id, Signature.address_key).in_(bindparam("keys", expanding=True))
)


def add(session: Session, arrivals: Sequence[Arrival]) -> None:
    """Write the arrivals in the caller's transaction.

    Raises SQLAlchemy's errors as they come: the intake decides what becomes of the others.
    """
    connection = session.connection()
    # Sorted, so that two processes with the same addresses wait for each other and do not lock up.
    ordered = sorted(arrivals, key=lambda a: (a.campaign_id, a.address_key))
    connection.execute(
        _INSERT[connection.dialect.name],
        [
            {
                "campaign_id": a.campaign_id,
                "address_key": a.address_key,
                "state": states.PENDING,
                "created_at": a.at,
                "entry_id": a.entry_id,
            }
            for a in ordered
        ],
    )
    found = connection.execute(_FIND, {"keys": [(a.campaign_id, a.address_key) for a in ordered]})
    ids = {(campaign_id, bytes(key)): id_ for campaign_id, key, id_ in found}
    connection.execute(
        insert(Entry),
        [
            {
                "id": a.entry_id,
                "signature_id": ids[a.campaign_id, a.address_key],
                "created_at": a.at,
                "sealed": a.sealed,
                "key_number": a.key_number,
                "country": a.country,
                "language": a.language,
                "visibility": a.visibility,
                "source": a.source.source,
                "utm_source": a.source.utm_source,
                "utm_medium": a.source.utm_medium,
                "utm_campaign": a.source.utm_campaign,
            }
            for a in ordered
        ],
    )
    connection.execute(
        insert(Consent),
        [
            {
                "entry_id": a.entry_id,
                "purpose": answer.purpose,
                "consent_text_id": answer.consent_text_id,
                "answer": answer.answer,
                "answered_at": a.at,
                "way": a.way,
            }
            for a in ordered
            for answer in a.answers
        ],
    )
    connection.execute(
        insert(Letter),
        [
            {
                "entry_id": a.entry_id,
                "kind": letters.CONFIRM,
                "state": letters.OWED,
                "due_at": a.at,
                "admitted": False,
                "attempts": 0,
            }
            for a in ordered
        ],
    )

"""What was asked for with an address alone: letters, and tries of a code.

Every request makes the same statement, whoever the address belongs to: the worker looks later
whether anything is due, and nobody who asks can see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from petition.domain import letter as letters
from petition.store.tables import CodeTry, Entry, Letter, LinkRequest, Signature


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A letter of a kind, asked for an address."""

    campaign_id: int
    address_key: bytes
    kind: str


def ask(session: Session, asked: Asked, *, at: datetime) -> None:
    """Put it down for the worker."""
    session.execute(
        insert(LinkRequest).values(
            campaign_id=asked.campaign_id,
            address_key=asked.address_key,
            kind=asked.kind,
            created_at=at,
        )
    )


def take(session: Session, *, most: int) -> list[Asked]:
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
        .returning(LinkRequest.campaign_id, LinkRequest.address_key, LinkRequest.kind)
        .execution_options(synchronize_session=False)
    )
    return [
        Asked(campaign_id=row.campaign_id, address_key=bytes(row.address_key), kind=row.kind)
        for row in rows
    ]


def owe(session: Session, entry_id: int, kind: str, *, at: datetime) -> None:
    """A letter about this form is owed."""
    session.execute(
        insert(Letter).values(
            entry_id=entry_id,
            kind=kind,
            state=letters.OWED,
            due_at=at,
            admitted=False,
            attempts=0,
        )
    )


def signature_of(session: Session, asked: Asked) -> Signature | None:
    """The signature of the address, if there is one; who erases it waits for the commit."""
    return session.scalar(
        select(Signature)
        .where(
            Signature.campaign_id == asked.campaign_id,
            Signature.address_key == asked.address_key,
        )
        .with_for_update(read=True, key_share=True)
    )


def forgettable_tries(session: Session, *, before: datetime) -> int:
    """How many `forget_tries` would delete."""
    return session.scalar(select(func.count()).where(CodeTry.since <= before)) or 0


# --- codes ----------------------------------------------------------------------------------------


def count_try(
    session: Session, campaign_id: int, key: bytes, *, at: datetime, within: timedelta
) -> int:
    """Count a try for an address, known or not; how many it makes `within` the day that began."""
    dialect = session.get_bind().dialect.name
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    session.connection().execute(
        make(CodeTry.__table__)
        .values(campaign_id=campaign_id, address_key=key, since=at, tries=0)
        .on_conflict_do_nothing()
    )
    where = (CodeTry.campaign_id == campaign_id, CodeTry.address_key == key)
    session.execute(
        update(CodeTry).where(*where, CodeTry.since <= at - within).values(since=at, tries=0)
    )
    return session.scalars(
        update(CodeTry)
        .where(*where)
        .values(tries=CodeTry.tries + 1)
        .returning(CodeTry.tries)
        .execution_options(synchronize_session=False)
    ).one()


def forget_tries(session: Session, *, before: datetime) -> int:
    """Delete what no longer limits anybody; how many."""
    gone = session.execute(
        delete(CodeTry).where(CodeTry.since <= before).execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE has one


def newest_forms(
    session: Session, campaign_id: int, key: bytes, *, since: datetime, most: int
) -> list[int]:
    """The ids of an address's newest forms, filled up with zeros to exactly `most`.

    Filled up by the database: an address that nobody ever entered takes the same rows to read.
    """
    known = (
        select(Entry.id)
        .join(Signature, Signature.id == Entry.signature_id)
        .where(
            Signature.campaign_id == campaign_id,
            Signature.address_key == key,
            Entry.created_at > since,
        )
        .order_by(Entry.id.desc())
        .limit(most)
        .subquery()
    )
    nothing = [select(literal(0).label("id")) for _ in range(most)]
    filled = union_all(select(known.c.id), *nothing).subquery()
    return list(session.scalars(select(filled.c.id).order_by(filled.c.id.desc()).limit(most)))

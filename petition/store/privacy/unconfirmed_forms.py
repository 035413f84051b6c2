"""Unconfirmed forms: counting and deleting what no mailbox ever confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from petition.domain.signatures.entry_ids import first_id
from petition.store.exports import contents
from petition.store.tables import (
    Entry,
    Letter,
    Signature,
)


def find(session: Session, *, before: datetime, after: datetime | None) -> Sequence[int]:
    """Forms sent in before that time (and not before `after`) that no mailbox confirmed.

    Entry ids grow with time, so that a range of them is a range of days.
    """
    query = _unconfirmed().where(Entry.id < first_id(before))
    if after is not None:
        query = query.where(Entry.id >= first_id(after))
    return session.scalars(query).all()


def count_of(session: Session, signature_ids: Sequence[int], *, before: datetime) -> int:
    """How many unconfirmed forms from before that time these signatures have."""
    query = _unconfirmed().where(Entry.id < first_id(before), Signature.id.in_(signature_ids))
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def outliving(session: Session, campaign_id: int, *, before: datetime) -> int:
    """A campaign's signatures that stand when the unconfirmed forms from before that are gone."""
    query = _outliving(campaign_id, before)
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def outliving_of(
    session: Session, campaign_id: int, signature_ids: Sequence[int], *, before: datetime
) -> int:
    """Those of them that are among these signatures."""
    query = _outliving(campaign_id, before).where(Signature.id.in_(signature_ids))
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _outliving(campaign_id: int, before: datetime) -> Any:
    young = exists().where(Entry.signature_id == Signature.id, Entry.id >= first_id(before))
    return select(Signature.id).where(
        Signature.campaign_id == campaign_id, or_(Signature.confirmed_at.is_not(None), young)
    )


def delete_those(
    session: Session, entry_ids: Sequence[int], *, at: datetime
) -> tuple[int, tuple[int, ...]]:
    """Delete those that are unconfirmed still: (how many, their letters).

    A signature goes with its last form. Signatures are locked: somebody may be confirming this
    very form, or sending in another one.
    """
    rows = session.execute(
        _unconfirmed().where(Entry.id.in_(entry_ids)).with_for_update(of=Signature)
    ).all()
    ids = [row.id for row in rows]
    letters = tuple(session.scalars(select(Letter.id).where(Letter.entry_id.in_(ids))))
    session.execute(
        delete(Entry).where(Entry.id.in_(ids)).execution_options(synchronize_session=False)
    )
    _settle(session, {row.signature_id for row in rows}, at=at)
    return len(ids), letters


def _unconfirmed() -> Any:
    return (
        select(Entry.id, Entry.signature_id)
        .join(Signature, Signature.id == Entry.signature_id)
        # Of a signature that was confirmed, the entry that its mailbox confirmed stays.
        .where(or_(Signature.confirmed_at.is_(None), Signature.entry_id != Entry.id))
        .order_by(Entry.id)
    )


def _settle(session: Session, signature_ids: Iterable[int], *, at: datetime) -> None:
    """Signatures that lost an entry: point to one that is left, or go."""
    ids = list(signature_ids)
    left = exists().where(Entry.signature_id == Signature.id)
    gone = session.execute(
        delete(Signature)
        .where(Signature.id.in_(ids), ~left)
        .returning(Signature.campaign_id, Signature.id)
        .execution_options(synchronize_session=False)
    ).all()
    for campaign_id in sorted({row.campaign_id for row in gone}):  # as the fold locks them
        numbers = [row.id for row in gone if row.campaign_id == campaign_id]
        contents.note_erased(session, campaign_id, numbers, at=at)
    own = exists().where(Entry.id == Signature.entry_id)
    session.execute(
        update(Signature)
        .where(Signature.id.in_(ids), ~own)
        .values(
            entry_id=select(func.min(Entry.id))
            .where(Entry.signature_id == Signature.id)
            .scalar_subquery()
        )
        .execution_options(synchronize_session=False)
    )

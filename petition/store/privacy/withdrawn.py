"""Withdrawn signatures whose hour is over, and forms that came after the withdrawal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, func, insert, literal_column, select, update
from sqlalchemy.orm import Session

from petition.domain.signatures import states
from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.tables import Entry, MergedSignature, Message, Signature

_KEY_LENGTH: Final = 16
# Written out, not bound: only so is the partial index ix_signatures_withdrawn used.
_WITHDRAWN: Final = Signature.state == literal_column("'withdrawn'")


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """A withdrawn signature."""

    signature_id: int
    withdrawn_at: datetime


def due(session: Session, *, before: datetime) -> Sequence[int]:
    """The signatures that were withdrawn by then."""
    return session.scalars(_due(before).with_only_columns(Signature.id)).all()


def is_any_due(*, before: Moment) -> Condition:
    """Whether there is one."""
    return any_row(Signature, *_is_due(before))


def lock_due(session: Session, *, before: datetime, most: int) -> list[Withdrawn]:
    """The same, up to `most`, theirs until the commit; not those that another worker has."""
    rows = session.execute(_due(before).limit(most).with_for_update(skip_locked=True))
    return [Withdrawn(signature_id=row.id, withdrawn_at=row.withdrawn_at) for row in rows]


def _is_due(before: datetime | Moment) -> tuple[Condition, ...]:
    return _WITHDRAWN, Signature.withdrawn_at <= before


def _due(before: datetime) -> Any:
    return (
        select(Signature.id, Signature.withdrawn_at).where(*_is_due(before)).order_by(Signature.id)
    )


def keep_later_forms(session: Session, withdrawn: Withdrawn, *, at: datetime) -> None:
    """Forms that were sent in since the withdrawal become a signature of their own, to confirm.

    Links to the withdrawn one lead there. The withdrawn one lets go of its address.
    """
    later = session.execute(
        select(Entry.id, Entry.created_at, Entry.signs)
        .where(Entry.signature_id == withdrawn.signature_id)
        .where(Entry.created_at > withdrawn.withdrawn_at)
        .order_by(Entry.id)
    ).all()
    if not later:
        return
    row = session.get_one(Signature, withdrawn.signature_id, populate_existing=True)
    own = {name: getattr(row, name) for name in _KEPT}
    session.expunge(row)
    session.execute(
        update(Signature)
        .where(Signature.id == withdrawn.signature_id)
        .values(address_key=os.urandom(_KEY_LENGTH), mailbox_key=None)
        .execution_options(synchronize_session=False)
    )
    signing = [entry for entry in later if entry.signs]
    first = (signing or later)[0]
    state = states.PENDING if signing else states.WRITER
    written = and_(
        Message.signature_id == withdrawn.signature_id,
        Message.composed_at > withdrawn.withdrawn_at,
    )
    sent_on_at = session.scalar(select(func.max(Message.confirmed_at)).where(written))
    new_id = session.scalars(
        insert(Signature)
        .values(
            state=state,
            entry_id=first.id,
            created_at=first.created_at,
            confirmed_at=sent_on_at if state == states.WRITER else None,
            **own,
        )
        .returning(Signature.id)
    ).one()
    session.execute(
        update(Entry)
        .where(Entry.id.in_([entry.id for entry in later]))
        .values(signature_id=new_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Message)
        .where(written)
        .values(signature_id=new_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(MergedSignature)
        .where(MergedSignature.signature_id == withdrawn.signature_id)
        .values(signature_id=new_id)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        insert(MergedSignature).values(
            gone_id=withdrawn.signature_id, signature_id=new_id, merged_at=at
        )
    )


_KEPT: Final = ("campaign_id", "address_key", "mailbox_key", "keyed_by", "unsubscribed_at")

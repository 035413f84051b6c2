"""Count changes: what the totals owe, one row for each signature that began or ended to count."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, insert, literal, select
from sqlalchemy.orm import Session

from petition.store.tables import DIMENSIONS, CountChange, Entry, Signature

_CHANGES: Table = CountChange.__table__  # type: ignore[assignment]  # declared as FromClause


def note_change(session: Session, signature_id: int, change: int) -> None:
    """Owe the totals one more or one less, under all that the signature counts for."""
    note_changes(session, [signature_id], change)


def note_changes(session: Session, signature_ids: Sequence[int], change: int) -> None:
    """The same for each of some signatures."""
    counted = (
        select(Signature.campaign_id, literal(change), *(each.value for each in DIMENSIONS))
        .join(Entry, Entry.id == Signature.entry_id)
        .where(Signature.id.in_(signature_ids))
    )
    names = ["campaign_id", "change", *(each.name for each in DIMENSIONS)]
    session.flush()  # what the signature counts for is read from its row
    noted = insert(_CHANGES).from_select(names, counted).returning(_CHANGES.c.id)
    found = session.connection().execute(noted).all()
    assert len(found) == len(signature_ids)  # only what was confirmed ever counts

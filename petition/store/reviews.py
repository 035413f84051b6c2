"""Reviews: what staff decided about each public name and comment."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from petition.store.tables import Entry, Review


def forget(session: Session, signature_id: int) -> None:
    """The name or its visibility changed: staff look again before anything is shown."""
    forms = select(Entry.id).where(Entry.signature_id == signature_id)
    session.execute(
        delete(Review)
        .where(Review.entry_id.in_(forms))
        .execution_options(synchronize_session=False)
    )

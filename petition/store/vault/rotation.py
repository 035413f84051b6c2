"""Rotation: sealed records by their key, as a key rotation reads and writes them."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from petition.store.tables import Entry


def left(session: Session, current: int) -> int:
    """Records that stand under another key than the current one."""
    query = select(func.count()).select_from(Entry).where(Entry.key_number != current)
    return session.scalar(query) or 0


def by_key(session: Session) -> dict[int, int]:
    """Key number to how many records stand under it."""
    rows = session.execute(select(Entry.key_number, func.count()).group_by(Entry.key_number))
    return {row.key_number: row[1] for row in rows}


def batch(session: Session, current: int, *, after: int, most: int) -> list[tuple[int, bytes, int]]:
    """(entry, sealed, key number) of records under other keys, by id, locked for this change."""
    rows = session.execute(
        select(Entry.id, Entry.sealed, Entry.key_number)
        .where(Entry.key_number != current, Entry.id > after)
        .order_by(Entry.id)
        .limit(most)
        .with_for_update()
    )
    return [(id_, bytes(text), number) for id_, text, number in rows]


def replace(session: Session, entry_id: int, text: bytes, key_number: int) -> None:
    """The same record, sealed anew."""
    session.execute(
        update(Entry).where(Entry.id == entry_id).values(sealed=text, key_number=key_number)
    )

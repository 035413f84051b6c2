"""Rotation: sealed records by their key, as a key rotation reads and writes them."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from petition.store.tables import Entry, InboundMail, Message, Reply


class Sealed(StrEnum):
    """What is sealed under keys that are rotated."""

    PERSON = "person"
    """Of a form."""
    MESSAGE = "message"
    REPLY = "reply"
    INBOUND = "inbound"
    """An email that came in and is not read yet."""


_TABLES: Final[dict[Sealed, Any]] = {
    Sealed.PERSON: Entry,
    Sealed.MESSAGE: Message,
    Sealed.REPLY: Reply,
    Sealed.INBOUND: InboundMail,
}


def left(session: Session, current: int) -> int:
    """Records that stand under another key than the current one."""
    queries = (
        select(func.count()).select_from(table).where(table.key_number != current)
        for table in _TABLES.values()
    )
    return sum(session.scalar(query) or 0 for query in queries)


def by_key(session: Session) -> dict[int, int]:
    """Key number to how many records stand under it."""
    found: Counter[int] = Counter()
    for table in _TABLES.values():
        rows = session.execute(
            select(table.key_number, func.count())
            .where(table.key_number.is_not(None))
            .group_by(table.key_number)
        )
        found.update({row.key_number: row[1] for row in rows})
    return dict(found)


def batch(
    session: Session, kind: Sealed, current: int, *, after: int, most: int
) -> list[tuple[int, bytes, int]]:
    """(row, sealed, key number) of records under other keys, by id, locked for this change."""
    table = _TABLES[kind]
    rows = session.execute(
        select(table.id, table.sealed, table.key_number)
        .where(table.key_number != current, table.id > after)
        .order_by(table.id)
        .limit(most)
        .with_for_update()
    )
    return [(id_, bytes(text), number) for id_, text, number in rows]


def replace(session: Session, kind: Sealed, id_: int, text: bytes, key_number: int) -> None:
    """The same record, sealed anew."""
    table = _TABLES[kind]
    session.execute(update(table).where(table.id == id_).values(sealed=text, key_number=key_number))

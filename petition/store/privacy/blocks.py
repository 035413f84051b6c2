"""Blocks: mailboxes whose owner said “This was not me”, and that get no letters."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from petition.store.db.upsert import upsert
from petition.store.tables import (
    Block,
    Entry,
)


def block(
    session: Session, mailbox_key: bytes, *, link_key: bytes | None = None, at: datetime
) -> None:
    """Write to this mailbox no more. `link_key`: the address in the link, where it is another."""
    row = {"mailbox_key": mailbox_key, "link_key": link_key, "blocked_at": at}
    upsert(session, Block, row)


def unblock(
    session: Session, keys: Collection[bytes], *, before: datetime | None = None
) -> list[bytes]:
    """The mailbox may be written to again; the blocks that were lifted.

    `before` leaves those that were put later.
    """
    where = [_by(keys)]
    if before is not None:
        where.append(Block.blocked_at <= before)
    lifted = session.execute(
        delete(Block)
        .where(*where)
        .returning(Block.mailbox_key)
        .execution_options(synchronize_session=False)
    )
    return [bytes(row.mailbox_key) for row in lifted]


def is_blocked(session: Session, keys: Collection[bytes]) -> bool:
    """True when the mailbox is blocked by one of these keys."""
    return session.scalar(select(Block.blocked_at).where(_by(keys)).limit(1)) is not None


def _by(keys: Collection[bytes]) -> Any:
    return or_(Block.mailbox_key.in_(keys), Block.link_key.in_(keys))


def blank_entry(session: Session, entry_id: int, *, sealed: bytes, key_number: int) -> None:
    """Empty an entry that came in for a blocked address. The row itself goes with the others.

    Were it deleted at once, the number of unconfirmed forms would tell who is blocked.
    """
    session.execute(
        update(Entry)
        .where(Entry.id == entry_id)
        .values(
            sealed=sealed,
            key_number=key_number,
            visibility="counted",
            source=None,
            utm_source=None,
            utm_medium=None,
            utm_campaign=None,
            partner=None,
        )
    )

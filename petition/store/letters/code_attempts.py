"""Code attempts: how often codes were typed for an address, and the forms that they may be for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import literal, select, union_all, update
from sqlalchemy.orm import Session

from petition.store.db.rows import Rows
from petition.store.db.upsert import upsert
from petition.store.tables import CodeTry, Entry, Signature


def count_try(
    session: Session, campaign_id: int, key: bytes, *, most: int, at: datetime, within: timedelta
) -> bool:
    """Count a try for an address, known or not; False, and it is not counted, when there were as
    many as that `within` the day that began.
    """
    upsert(
        session, CodeTry, {"campaign_id": campaign_id, "address_key": key, "since": at, "tries": 0}
    )
    where = (CodeTry.campaign_id == campaign_id, CodeTry.address_key == key)
    session.execute(
        update(CodeTry).where(*where, CodeTry.since <= at - within).values(since=at, tries=0)
    )
    counted = session.scalar(
        update(CodeTry)
        .where(*where, CodeTry.tries < most)
        .values(tries=CodeTry.tries + 1)
        .returning(CodeTry.tries)
        .execution_options(synchronize_session=False)
    )
    return counted is not None


def old_tries(*, before: datetime) -> Rows:
    """What no longer limits anybody."""
    return Rows(CodeTry, CodeTry.since <= before)


def newest_forms(
    session: Session, campaign_id: int, keys: Collection[bytes], *, since: datetime, most: int
) -> list[int]:
    """The ids of an address's newest forms, filled up with zeros to exactly `most`.

    Filled up by the database: an address that nobody ever entered takes the same rows to read.
    """
    known = (
        select(Entry.id)
        .join(Signature, Signature.id == Entry.signature_id)
        .where(
            Signature.campaign_id == campaign_id,
            Signature.address_key.in_(keys),
            Entry.created_at > since,
        )
        .order_by(Entry.id.desc())
        .limit(most)
        .subquery()
    )
    nothing = [select(literal(0).label("id")) for _ in range(most)]
    filled = union_all(select(known.c.id), *nothing).subquery()
    return list(session.scalars(select(filled.c.id).order_by(filled.c.id.desc()).limit(most)))

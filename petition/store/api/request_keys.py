"""Request keys: who comes first with one runs; the unique key decides."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from petition.domain.api.request_keys import GIVEN_UP, KEPT, KeyState, RequestKey
from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.db.upsert import upsert
from petition.store.tables import RequestKeyRow


def claim(session: Session, asked: RequestKey, *, at: datetime) -> KeyState:
    """NEW for the one who is to run it now."""
    past = or_(
        RequestKeyRow.began_at <= at - KEPT,
        and_(RequestKeyRow.done_at.is_(None), RequestKeyRow.began_at <= at - GIVEN_UP),
    )
    row = {"key": asked.key, "body": asked.body, "began_at": at, "done_at": None}
    taken = upsert(
        session,
        RequestKeyRow,
        [row],
        change=lambda new: {"body": new.body, "began_at": new.began_at, "done_at": new.done_at},
        where=past,
    )
    if taken:
        return KeyState.NEW
    found = session.execute(
        select(RequestKeyRow.body, RequestKeyRow.done_at).where(RequestKeyRow.key == asked.key)
    ).first()
    if found is None:  # it was released in this moment
        return KeyState.RUNNING
    if found.body != asked.body:
        return KeyState.OTHER_BODY
    return KeyState.RUNNING if found.done_at is None else KeyState.DONE


def finish(session: Session, asked: RequestKey, *, at: datetime) -> None:
    """It is done, and answered so from now on."""
    session.execute(
        update(RequestKeyRow)
        .where(RequestKeyRow.key == asked.key, RequestKeyRow.body == asked.body)
        .values(done_at=at)
        .execution_options(synchronize_session=False)
    )


def release(session: Session, asked: RequestKey) -> None:
    """Nothing was done: the next one with this key may run."""
    session.execute(
        delete(RequestKeyRow)
        .where(
            RequestKeyRow.key == asked.key,
            RequestKeyRow.body == asked.body,
            RequestKeyRow.done_at.is_(None),
        )
        .execution_options(synchronize_session=False)
    )


def is_any_past(at: Moment) -> Condition:
    """Whether `delete_past` would delete any."""
    return any_row(RequestKeyRow, RequestKeyRow.began_at <= at - KEPT)


def delete_past(session: Session, *, at: datetime) -> None:
    """Those of more than a day ago."""
    session.execute(
        delete(RequestKeyRow)
        .where(RequestKeyRow.began_at <= at - KEPT)
        .execution_options(synchronize_session=False)
    )

"""Requests for long lists, kept until a second person has decided and the list is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from petition.domain.exports.second_person import GOOD_FOR, RequestState
from petition.errors import NotFound
from petition.store.db import stored_json
from petition.store.tables import ExportRequest


class WantedList(msgspec.Struct, frozen=True, kw_only=True):
    """What the list is to hold."""

    for_target: bool = False
    updates: bool = False
    for_excel: bool = False
    partner: str | None = None
    """The key of the partner whose list it is."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Somebody asks for a list that is too long to be taken out alone."""

    id: int
    campaign_id: int
    by: str
    reason: str
    wanted: WantedList
    rows: int
    asked_at: datetime
    state: RequestState
    decided_by: str | None


def _request(row: ExportRequest) -> Request:
    return Request(
        id=row.id,
        campaign_id=row.campaign_id,
        by=row.by,
        reason=row.reason,
        wanted=stored_json.read(row.wanted, WantedList),
        rows=row.rows,
        asked_at=row.asked_at,
        state=RequestState(row.state),
        decided_by=row.decided_by,
    )


def add(
    session: Session,
    *,
    campaign_id: int,
    by: str,
    reason: str,
    wanted: WantedList,
    rows: int,
    at: datetime,
) -> int:
    """Keep a request; its id."""
    row = ExportRequest(
        campaign_id=campaign_id,
        by=by,
        reason=reason,
        wanted=stored_json.written(wanted),
        rows=rows,
        asked_at=at,
        state=RequestState.WAITING,
    )
    session.add(row)
    session.flush()
    return row.id


def find(session: Session, campaign_id: int, request_id: int) -> Request:
    """One of this campaign; raises NotFound."""
    row = session.get(ExportRequest, request_id)
    if row is None or row.campaign_id != campaign_id:
        raise NotFound
    return _request(row)


def current(session: Session, campaign_id: int, *, at: datetime) -> list[Request]:
    """Those that are still good for something, and what was refused lately; the newest first."""
    query = (
        select(ExportRequest)
        .where(
            ExportRequest.campaign_id == campaign_id,
            ExportRequest.state != RequestState.MADE,
            ExportRequest.asked_at > at - GOOD_FOR,
        )
        .order_by(ExportRequest.id.desc())
    )
    return [_request(row) for row in session.scalars(query)]


def decide(
    session: Session, request_id: int, state: RequestState, *, by: str, at: datetime
) -> bool:
    """Approve or refuse it; False where it waits no more, or it is one's own."""
    return _move(
        session,
        (
            ExportRequest.id == request_id,
            ExportRequest.state == RequestState.WAITING,
            ExportRequest.by != by,
            ExportRequest.asked_at > at - GOOD_FOR,
        ),
        {"state": state, "decided_by": by, "decided_at": at},
    )


def use(session: Session, request_id: int, *, by: str, at: datetime) -> bool:
    """Spend the approval, once, by who asked; False where there is none."""
    return _move(
        session,
        (
            ExportRequest.id == request_id,
            ExportRequest.state == RequestState.APPROVED,
            ExportRequest.by == by,
            ExportRequest.asked_at > at - GOOD_FOR,
        ),
        {"state": RequestState.MADE},
    )


def count_open(session: Session, *, at: datetime) -> int:
    """How many wait for a second person, or to be made."""
    return session.scalar(select(func.count()).where(*_open(at))) or 0


def refuse_all(session: Session, *, by: str, at: datetime) -> None:
    """Nobody makes a list for which they asked before."""
    session.execute(
        update(ExportRequest)
        .where(*_open(at))
        .values(state=RequestState.REFUSED, decided_by=by, decided_at=at)
        .execution_options(synchronize_session=False)
    )


def _open(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        ExportRequest.state.in_((RequestState.WAITING, RequestState.APPROVED)),
        ExportRequest.asked_at > at - GOOD_FOR,
    )


def _move(session: Session, where: Sequence[object], values: dict[str, object]) -> bool:
    found = session.execute(
        update(ExportRequest)
        .where(*where)  # type: ignore[arg-type]  # comparisons of columns
        .values(**values)
        .returning(ExportRequest.id)
        .execution_options(synchronize_session=False)
    )
    return found.first() is not None

"""Targets as staff see and change them: caps, what they did, and who is written to no more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session

from petition.domain.messages.digest import TargetMode
from petition.errors import NotFound
from petition.store.tables import MessageTarget, TargetStand


@dataclass(frozen=True, kw_only=True)
class StandRecord:
    """What a target did."""

    stand: str
    day: date
    link: str
    note: str
    noted_at: datetime


@dataclass(frozen=True, kw_only=True)
class TargetDetails:
    """A target with all that is known of it."""

    id: int
    key: str
    name: str
    email: str
    country: str
    time_zone: str
    an_hour: int
    a_day: int
    mode: TargetMode
    caps_set_at: datetime | None
    paused_at: datetime | None
    retired_at: datetime | None
    left_as: str | None
    replaced_by: str | None
    stand: StandRecord | None
    """What it did last."""


def of_campaign(session: Session, campaign_id: int) -> tuple[TargetDetails, ...]:
    """All that the campaign ever had, in the order in which they came."""
    return _details(session, MessageTarget.campaign_id == campaign_id)


def find(session: Session, campaign_id: int, key: str) -> TargetDetails:
    """One of them; raises NotFound."""
    found = _details(
        session, (MessageTarget.campaign_id == campaign_id) & (MessageTarget.key == key)
    )
    if not found:
        raise NotFound(f"no target is called {key}")
    return found[0]


def written_to(session: Session, target_ids: Collection[int]) -> tuple[TargetDetails, ...]:
    """Those of these, of whatever campaign, to which messages go now."""
    return _details(
        session,
        MessageTarget.id.in_(target_ids)
        & MessageTarget.paused_at.is_(None)
        & MessageTarget.retired_at.is_(None),
    )


def by_id(session: Session, target_id: int) -> TargetDetails:
    """One that there is."""
    return _details(session, MessageTarget.id == target_id)[0]


def hold(session: Session, campaign_id: int) -> None:
    """The targets' rows, in order: two who change targets go one after the other."""
    session.execute(
        select(MessageTarget.id)
        .where(MessageTarget.campaign_id == campaign_id)
        .order_by(MessageTarget.id)
        .with_for_update()
    )


def _details(session: Session, where: ColumnElement[bool]) -> tuple[TargetDetails, ...]:
    rows = session.scalars(
        select(MessageTarget)
        .where(where)
        .order_by(MessageTarget.id)
        .execution_options(populate_existing=True)
    ).all()
    last = last_stands(session, [row.id for row in rows])
    return tuple(
        TargetDetails(
            id=row.id,
            key=row.key,
            name=row.name,
            email=row.email,
            country=row.country,
            time_zone=row.time_zone,
            an_hour=row.an_hour,
            a_day=row.a_day,
            mode=TargetMode(row.mode),
            caps_set_at=row.caps_set_at,
            paused_at=row.paused_at,
            retired_at=row.retired_at,
            left_as=row.left_as,
            replaced_by=row.replaced_by,
            stand=last.get(row.id),
        )
        for row in rows
    )


def last_stands(session: Session, target_ids: Sequence[int]) -> dict[int, StandRecord]:
    """What each of these did last; of one day, what was noted last."""
    rows = session.scalars(
        select(TargetStand)
        .where(TargetStand.target_id.in_(target_ids))
        .order_by(TargetStand.day, TargetStand.id)
    )
    return {row.target_id: _stand(row) for row in rows}


def stands(session: Session, target_id: int) -> list[StandRecord]:
    """All that it did, the last first."""
    rows = session.scalars(
        select(TargetStand)
        .where(TargetStand.target_id == target_id)
        .order_by(TargetStand.day.desc(), TargetStand.id.desc())
    )
    return [_stand(row) for row in rows]


def _stand(row: TargetStand) -> StandRecord:
    return StandRecord(
        stand=row.stand, day=row.day, link=row.link, note=row.note, noted_at=row.noted_at
    )


def add_stand(session: Session, target_id: int, record: StandRecord) -> None:
    """It did this; what it did before stays."""
    session.execute(
        insert(TargetStand).values(
            target_id=target_id,
            stand=record.stand,
            day=record.day,
            link=record.link,
            note=record.note,
            noted_at=record.noted_at,
        )
    )


def set_caps(session: Session, target_id: int, *, an_hour: int, a_day: int, at: datetime) -> None:
    """As many go to it at most, whatever the files say."""
    _set(session, target_id, an_hour=an_hour, a_day=a_day, caps_set_at=at)


def stop(session: Session, target_id: int, *, at: datetime) -> None:
    """What was written to it until now goes no more."""
    _set(session, target_id, stopped_at=at)


def leave(
    session: Session, target_id: int, left_as: str, *, replaced_by: str | None, at: datetime
) -> None:
    """Nobody writes to it from now on."""
    _set(session, target_id, left_as=left_as, replaced_by=replaced_by, retired_at=at)


def take_back(session: Session, target_id: int) -> None:
    """It is written to again."""
    _set(session, target_id, left_as=None, replaced_by=None, retired_at=None)


def _set(session: Session, target_id: int, **values: object) -> None:
    session.execute(
        update(MessageTarget)
        .where(MessageTarget.id == target_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )

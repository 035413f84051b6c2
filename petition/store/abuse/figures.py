"""How the limits work, in numbers: no address and no hash leaves here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from petition.domain.abuse.actions import AN_HOUR, Action
from petition.domain.letters import letter as letters
from petition.store.abuse.senders import as_number, milliseconds
from petition.store.tables import Letter, SenderCount


@dataclass(frozen=True, kw_only=True)
class Refused:
    """What was too much, of one kind of action."""

    action: Action
    senders: int
    """Counted since the day began."""
    refused: int
    """Of their actions, since the day began."""
    over_today: int
    """Senders who were refused something since the day began."""
    over_this_hour: int
    """And in the last sixty minutes."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Letters that wait for their sender's turn."""

    letters: int
    last_due: datetime | None
    senders: int


def refused(session: Session, *, at: datetime) -> list[Refused]:
    """Of today, a row for each action."""
    since = as_number(at - AN_HOUR)
    found = {
        row.action: row
        for row in session.execute(
            select(
                SenderCount.action,
                func.count().label("senders"),
                func.sum(SenderCount.refused).label("refused"),
                func.sum(case((SenderCount.refused > 0, 1), else_=0)).label("over_today"),
                func.sum(case((SenderCount.refused_at > since, 1), else_=0)).label("over_hour"),
            )
            .where(SenderCount.day == at.date())
            .group_by(SenderCount.action)
        )
    }
    return [
        Refused(
            action=action,
            senders=int(row.senders) if row else 0,
            refused=int(row.refused) if row else 0,
            over_today=int(row.over_today) if row else 0,
            over_this_hour=int(row.over_hour) if row else 0,
        )
        for action in Action
        for row in (found.get(action),)
    ]


def waiting(session: Session, *, at: datetime, burst: int, an_hour: int) -> Waiting:
    """Letters that were never tried and are due later; senders who have used their burst up."""
    number, last_due = session.execute(
        select(func.count(), func.max(Letter.due_at)).where(
            Letter.state == letters.OWED,
            Letter.attempts == 0,
            Letter.due_at > at,
            Letter.entry_id.is_not(None),
        )
    ).one()
    # A place's burst is as many times as large as its pace is quick: the product is the same.
    ahead = burst * milliseconds(AN_HOUR) // an_hour
    senders = session.scalar(
        select(func.count()).where(
            SenderCount.action == Action.LETTER,
            SenderCount.day == at.date(),
            SenderCount.turn_at > as_number(at) + ahead,
        )
    )
    return Waiting(letters=number, last_due=last_due, senders=senders or 0)

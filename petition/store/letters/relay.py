"""The mail relay: how the server takes our letters, in one row that all workers share.

Many refusals in a row that are about none of the mailboxes say that the server refuses us: the
queue is then held, and every worker, restarted or not, waits. From time to time one worker tries a
few letters. The first that is taken ends it. Nothing here names a letter or a mailbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from petition.store.db.conditions import Condition, Moment, any_row
from petition.store.db.upsert import upsert
from petition.store.letters import outbox, provider_pauses
from petition.store.letters.provider_pauses import PausedProvider
from petition.store.tables import Letter, MailRelay

IN_A_ROW: Final = 5
"""So many refusals, with no letter taken between them, hold the queue."""
PROBES: Final = 5
"""Letters that are tried when a held queue is due to be tried."""
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5))
"""Between such tries; the last one stays. Short, because people wait for their letters."""
LATELY: Final = timedelta(hours=1)
"""Who took a letter so lately does not refuse us all."""
A_MINUTE: Final = timedelta(minutes=1)
ONE: Final = 1


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a worker may claim: so many letters, or exactly these."""

    most: int
    probes: Sequence[int] | None = None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What a refusal means."""

    held: bool
    """The queue is held."""
    begins: bool
    """It is held from this moment on."""
    takes_others: bool
    """The server took another letter lately: it is this one that it does not want."""


@dataclass(frozen=True, kw_only=True)
class RelayState:
    """What staff and doctor are told of the mail server."""

    held_since: datetime | None = None
    """Since when it refuses whatever we send; None while it takes letters."""
    next_try_at: datetime | None = None
    away_since: datetime | None = None
    """Since when it cannot be reached, or refuses us before it hears of a letter."""
    reason: str | None = None
    providers: tuple[PausedProvider, ...] = ()
    """Mail providers that block our letters, and get none for a while."""


def state(session: Session) -> RelayState:
    """How it stands now."""
    row = session.get(MailRelay, ONE)
    providers = provider_pauses.listed(session)
    if row is None:
        return RelayState(providers=providers)
    return RelayState(
        providers=providers,
        held_since=row.held_since,
        next_try_at=row.next_try_at,
        away_since=row.away_since,
        reason=row.reason,
    )


def is_held() -> Condition:
    """Whether the queue is held."""
    return any_row(MailRelay, MailRelay.held_since.is_not(None))


def has_no_turn(at: Moment) -> Condition:
    """Whether it is held, and not due to be tried: then `take_turn` gives nothing."""
    return any_row(MailRelay, MailRelay.held_since.is_not(None), MailRelay.next_try_at > at)


def take_turn(session: Session, most: int, *, at: datetime) -> Turn:
    """What may be claimed now: `most` letters, or a few to try a held queue with, or none.

    Of several workers one tries: it moves the time of the next try on.
    """
    row = session.execute(
        select(MailRelay.next_try_at, MailRelay.tries).where(MailRelay.held_since.is_not(None))
    ).first()
    if row is None:
        return Turn(most=most)
    if row.next_try_at is not None and row.next_try_at > at:
        return Turn(most=0)
    pause = PAUSES[min(row.tries, len(PAUSES) - 1)]
    mine = session.execute(
        update(MailRelay)
        .where(MailRelay.held_since.is_not(None), MailRelay.tries == row.tries)
        .values(tries=row.tries + 1, next_try_at=at + pause)
        .returning(MailRelay.id)
    ).first()
    return Turn(most=PROBES, probes=_probes(session, at)) if mine else Turn(most=0)


def _probes(session: Session, at: datetime) -> Sequence[int]:
    """The newest letters not refused yet: somebody may have filled the queue with others."""
    return session.scalars(
        select(Letter.id)
        .where(outbox.is_due(at))
        .order_by(Letter.attempts, Letter.due_at.desc(), Letter.id.desc())
        .limit(PROBES)
    ).all()


def note_refused(session: Session, *, attempts: int, reason: str, at: datetime) -> Refusal:
    """A letter was refused, and not for its mailbox's sake.

    One that was refused before tells nothing new while the server takes others.
    """
    _make_sure(session)
    row = session.execute(
        select(MailRelay.refusals, MailRelay.held_since, MailRelay.taken_at)
        .where(MailRelay.id == ONE)
        .with_for_update()
    ).one()
    takes_others = row.taken_at is not None and row.taken_at > at - LATELY
    refusals = row.refusals + (0 if attempts and takes_others else 1)
    begins = row.held_since is None and refusals >= IN_A_ROW
    held_since = at if begins else row.held_since
    values: dict[str, object] = {"refusals": refusals, "reason": reason}
    if begins:
        values |= {"held_since": at, "next_try_at": at + PAUSES[0], "tries": 0}
    session.execute(update(MailRelay).where(MailRelay.id == ONE).values(values))
    return Refusal(held=held_since is not None, begins=begins, takes_others=takes_others)


def note_away(session: Session, *, reason: str, at: datetime) -> None:
    """The server cannot be reached, or refuses us as a whole."""
    _make_sure(session)
    session.execute(
        update(MailRelay)
        .where(MailRelay.id == ONE, MailRelay.away_since.is_(None))
        .values(away_since=at, reason=reason)
    )


def note_taken(session: Session, *, at: datetime) -> bool:
    """The server took a letter: whatever was wrong is over. True when the queue was held.

    The row is written only where that changes something, or a minute is over: workers would
    wait for each other at every letter.
    """
    row = session.get(MailRelay, ONE)
    if row is not None and _is_well(row) and row.taken_at and at < row.taken_at + A_MINUTE:
        return False
    held = row is not None and row.held_since is not None
    _make_sure(session)
    session.execute(
        update(MailRelay)
        .where(MailRelay.id == ONE)
        .values(
            refusals=0,
            held_since=None,
            next_try_at=None,
            tries=0,
            away_since=None,
            reason=None,
            taken_at=at,
        )
        .execution_options(synchronize_session=False)
    )
    return held


def _is_well(row: MailRelay) -> bool:
    return row.refusals == 0 and row.held_since is None and row.away_since is None


def _make_sure(session: Session) -> None:
    upsert(session, MailRelay, {"id": ONE, "refusals": 0, "tries": 0})

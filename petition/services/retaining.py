"""Retaining: nothing is kept longer than was said. Runs by the worker, every hour, and by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from petition.domain import signature as states, tokens
from petition.domain.retention import end
from petition.store import asked, campaigns, counts, erasing, figures, jobs, keeping, ledger
from petition.store.journal import BLOCKED, ERASED, UNBLOCKED, Journal

Opening = Callable[[], AbstractContextManager[Session]]

JOB: Final = "retention"
EVERY: Final = timedelta(hours=1)
UNCONFIRMED_LIFE: Final = tokens.CONFIRM_LIFE
"""A form that nobody confirmed goes when the link in its letter ends."""
REMIND_AFTER: Final = timedelta(days=3)
TRIES_LIFE: Final = timedelta(days=1)
BATCH: Final = 500

CLOCK: Final = "clock"
"""The snapshot that the privacy page shows."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """What a run would erase."""

    unconfirmed_forms: int
    campaigns: tuple[tuple[str, int], ...]
    """Campaigns whose time is over, with how many signatures they hold."""


def due(session: Session, *, at: datetime) -> Due:
    """The dry run: what would go now. Changes nothing."""
    over = [clock for clock in keeping.clocks(session) if _is_over(clock, at)]
    return Due(
        unconfirmed_forms=erasing.unconfirmed(session, before=at - UNCONFIRMED_LIFE, after=None),
        campaigns=tuple(
            (clock.slug, held)
            for clock in over
            if (held := keeping.signatures_of(session, clock.campaign_id))
        ),
    )


def _is_over(clock: keeping.Clock, at: datetime) -> bool:
    return clock.closed_at is not None and end(clock.closed_at, clock.months) <= at


@dataclass(frozen=True, kw_only=True)
class Step:
    """One committed batch: what it did, to how many, and the letters whose files must go."""

    what: str
    number: int
    letter_ids: tuple[int, ...] = ()


def run(
    transaction: Opening, journal: Journal, *, at: datetime, since: datetime | None
) -> Iterator[Step]:
    """Forget what is due, batch by batch, each committed by itself: an interruption loses nothing.

    `since` is when it last ran: forms that were old enough then are not looked at again; None
    looks at all.
    """
    yield from _forget_again(transaction, journal, at=at)
    yield from _forget_unconfirmed(transaction, at=at, since=since)
    yield from _forget_campaigns(transaction, at=at)
    with transaction() as session:
        number = asked.forget_tries(session, before=at - TRIES_LIFE)
    yield Step(what="tries of codes", number=number)


def _forget_again(transaction: Opening, journal: Journal, *, at: datetime) -> Iterator[Step]:
    """What the journal says was erased, and an old copy of the database brought back."""
    erased: dict[tuple[str, bytes], datetime] = {}
    blocked: dict[tuple[str, bytes], datetime | None] = {}
    for line in journal.lines():
        place = (line.slug, line.address_key)
        if line.verb in (ERASED, BLOCKED):
            erased[place] = line.at
        if line.verb in (BLOCKED, UNBLOCKED):
            blocked[place] = line.at if line.verb == BLOCKED else None
    if not erased and not blocked:
        return
    with transaction() as session:
        ids = keeping.campaign_ids(session)
        letters: list[int] = []
        number = 0
        for (slug, key), when in erased.items():
            signature_id = keeping.of_address(session, slug, key, before=when)
            gone = erasing.erase(session, signature_id, at=at) if signature_id else None
            if gone is not None:
                number += 1
                letters += gone.letter_ids
        for (slug, key), blocked_at in blocked.items():
            if slug in ids and blocked_at is not None:
                erasing.block(session, ids[slug], key, at=blocked_at)
            elif slug in ids:
                erasing.unblock(session, ids[slug], key)
    yield Step(
        what="signatures erased before, back from an old copy",
        number=number,
        letter_ids=tuple(letters),
    )


def _forget_unconfirmed(
    transaction: Opening, *, at: datetime, since: datetime | None
) -> Iterator[Step]:
    before = at - UNCONFIRMED_LIFE
    # A day more than the time that passed: two machines' clocks may differ.
    after = since - UNCONFIRMED_LIFE - timedelta(days=1) if since is not None else None
    while True:
        with transaction() as session:
            number, letters = erasing.delete_unconfirmed(
                session, before=before, after=after, most=BATCH
            )
        if not number:
            return
        yield Step(what="forms that nobody confirmed", number=number, letter_ids=letters)


def _forget_campaigns(transaction: Opening, *, at: datetime) -> Iterator[Step]:
    with transaction() as session:
        over = [clock for clock in keeping.clocks(session) if _is_over(clock, at)]
    for clock in over:
        while True:
            with transaction() as session:
                _note_final(session, clock.campaign_id, at=at)
                number, letters = erasing.erase_batch(session, clock.campaign_id, most=BATCH)
            if not number:
                break
            yield Step(what=f"signatures of {clock.slug}", number=number, letter_ids=letters)


def _note_final(session: Session, campaign_id: int, *, at: datetime) -> None:
    """From now on the totals cannot be counted again: they are what they were."""
    if figures.read(session, campaign_id, counts.FINAL) is None:
        total = counts.total(session, campaign_id)
        figures.write(session, campaign_id, counts.FINAL, {"confirmed": total}, at=at)


def remind(session: Session, *, at: datetime) -> int:
    """Owe a reminder to up to BATCH who have not confirmed for three days; how many."""
    return keeping.owe_reminders(
        session, at=at, after=REMIND_AFTER, until=UNCONFIRMED_LIFE, most=BATCH
    )


def note(session: Session, *, at: datetime) -> None:
    """Write down how much is held, for the privacy pages: as of now, until the next run."""
    for clock in keeping.clocks(session):
        held = {
            states.CONFIRMED: keeping.in_state(session, clock.campaign_id, states.CONFIRMED),
            states.WITHDRAWN: keeping.in_state(session, clock.campaign_id, states.WITHDRAWN),
            "forms_not_confirmed": keeping.forms_not_confirmed(session, clock.campaign_id),
        }
        figures.write(session, clock.campaign_id, CLOCK, held, at=at)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The clock as the privacy page shows it."""

    as_of: datetime
    confirmed: int
    withdrawn: int
    forms_not_confirmed: int
    next_run: datetime | None
    months: int
    ends_at: datetime | None
    """When the campaign's signatures go; None while it is open."""


def shown(session: Session, campaign_id: int) -> Shown | None:
    """What was written down at the last run; None before the first one."""
    clock = next(c for c in keeping.clocks(session) if c.campaign_id == campaign_id)
    figure = figures.read(session, campaign_id, CLOCK)
    if figure is None:
        return None
    return Shown(
        as_of=figure.at,
        confirmed=figure.numbers[states.CONFIRMED],
        withdrawn=figure.numbers[states.WITHDRAWN],
        forms_not_confirmed=figure.numbers["forms_not_confirmed"],
        next_run=jobs.next_at(session, JOB),
        months=clock.months,
        ends_at=end(clock.closed_at, clock.months) if clock.closed_at is not None else None,
    )


def set_months(session: Session, slug: str, months: int, *, by: str, at: datetime) -> None:
    """Keep a campaign's signatures for that long after closing. Raises NotFound."""
    campaign_id = campaigns.by_slug(session, slug).id
    keeping.set_months(session, campaign_id, months)
    ledger.note(
        session, who=by, action="retention", outcome="done", at=at, detail=f"{slug}: {months}"
    )


def claim(session: Session, *, at: datetime) -> datetime | None:
    """Take the hourly run if it is due: since when; None when it is not, or another has it."""
    return jobs.claim(session, JOB, at=at, every=EVERY)

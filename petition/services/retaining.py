"""Retaining: nothing is kept longer than was said. Runs by the worker, every hour, and by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from petition.domain import tokens
from petition.domain.retention import end
from petition.services.privacy import FORGET
from petition.store import asked, campaigns, counts, erasing, figures, jobs, keeping, ledger
from petition.store.erasing import Erased
from petition.store.journal import BLOCKED, ERASED, UNBLOCKED, Journal, Line
from petition.store.keeping import Numbers

T = TypeVar("T")  # Python 3.11 has no other way to say it
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

TRIES: Final = "tries of codes"
AGAIN: Final = "signatures erased before, back from an old copy"
UNCONFIRMED: Final = "forms that nobody confirmed"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One committed batch: what it did, to how many, and the letters whose files must go."""

    what: str
    number: int
    letter_ids: tuple[int, ...] = ()


def _of(slug: str) -> str:
    return f"signatures of {slug}"


def _is_over(clock: keeping.Clock, at: datetime) -> bool:
    return clock.closed_at is not None and end(clock.closed_at, clock.months) <= at


# --- what would go --------------------------------------------------------------------------------


def due(session: Session, journal: Journal, *, at: datetime) -> list[Step]:
    """The dry run: what `run` would do now, in its order. Changes nothing. Raises JournalBroken."""
    before, erased = at - UNCONFIRMED_LIFE, _deeds(journal).erased
    again = [
        each
        for slug, campaign_id in keeping.campaign_ids(session).items()
        for part in _parts(list(erased.get(slug, {}).items()))
        for each in keeping.of_addresses(session, campaign_id, dict(part))
    ]
    unconfirmed = len(erasing.unconfirmed_forms(session, before=before, after=None))
    unconfirmed -= sum(
        erasing.unconfirmed_of(session, part, before=before) for part in _parts(again)
    )
    return [
        Step(what=TRIES, number=asked.forgettable_tries(session, before=at - TRIES_LIFE)),
        Step(what=AGAIN, number=len(again)),
        Step(what=UNCONFIRMED, number=unconfirmed),
        *(
            Step(what=_of(clock.slug), number=_left(session, clock, again, before=before))
            for clock in keeping.clocks(session)
            if _is_over(clock, at)
        ),
    ]


def _left(session: Session, clock: keeping.Clock, gone: Sequence[int], *, before: datetime) -> int:
    """A campaign's signatures that no earlier step has erased."""
    among = sum(
        erasing.outliving_of(session, clock.campaign_id, part, before=before)
        for part in _parts(gone)
    )
    return erasing.outliving(session, clock.campaign_id, before=before) - among


# --- letting it go --------------------------------------------------------------------------------


def run(
    reading: Opening, transaction: Opening, journal: Journal, *, at: datetime
) -> Iterator[Step]:
    """Forget all that is due, batch by batch, each committed by itself.

    An interruption loses nothing: what is left is due at the next run. Raises JournalBroken, and
    has done nothing then.
    """
    deeds = _deeds(journal)
    yield _forget_tries(transaction, at=at)
    yield from _again(transaction, deeds, at=at)
    yield from _forget_unconfirmed(reading, transaction, at=at, since=None)
    yield from _forget_campaigns(transaction, at=at)


def forget_again(transaction: Opening, journal: Journal, *, at: datetime) -> Iterator[Step]:
    """Of `run`, what the journal says: an old copy of the database may have been put back.

    Raises JournalBroken, and has done nothing then.
    """
    yield from _again(transaction, _deeds(journal), at=at)


def forget_due(
    reading: Opening, transaction: Opening, *, at: datetime, since: datetime | None
) -> Iterator[Step]:
    """Of `run`, what is past its time.

    `since` is when it last ran: forms that were old enough then are not looked at again; None
    looks at all.
    """
    yield _forget_tries(transaction, at=at)
    yield from _forget_unconfirmed(reading, transaction, at=at, since=since)
    yield from _forget_campaigns(transaction, at=at)


def _forget_tries(transaction: Opening, *, at: datetime) -> Step:
    with transaction() as session:
        number = asked.forget_tries(session, before=at - TRIES_LIFE)
        if number:  # they hold keyed hashes of addresses
            jobs.ask(session, FORGET, at=at)
    return Step(what=TRIES, number=number)


@dataclass(kw_only=True)
class _Deeds:
    """The journal, by campaign and address: the last erasure, and the last block or its end."""

    erased: dict[str, dict[bytes, datetime]] = field(default_factory=dict)
    blocks: dict[str, dict[bytes, Line]] = field(default_factory=dict)


def _deeds(journal: Journal) -> _Deeds:
    """The whole journal, before anything is done with it. Raises JournalBroken."""
    found = _Deeds()
    for line in journal.lines():
        if line.verb in (ERASED, BLOCKED):
            found.erased.setdefault(line.slug, {})[line.address_key] = line.at
        if line.verb in (BLOCKED, UNBLOCKED):
            found.blocks.setdefault(line.slug, {})[line.address_key] = line
    return found


def _again(transaction: Opening, deeds: _Deeds, *, at: datetime) -> Iterator[Step]:
    with transaction() as session:
        ids = keeping.campaign_ids(session)
    for slug in sorted(ids.keys() & deeds.blocks.keys()):
        for part in _parts(list(deeds.blocks[slug].values())):
            with transaction() as session:
                _block_again(session, ids[slug], part)
    for slug in sorted(ids.keys() & deeds.erased.keys()):
        for places in _parts(list(deeds.erased[slug].items())):
            with transaction() as session:
                gone = _erase_again(session, ids[slug], dict(places), at=at)
            if gone:
                letters = tuple(letter for each in gone for letter in each.letter_ids)
                yield Step(what=AGAIN, number=len(gone), letter_ids=letters)


def _block_again(session: Session, campaign_id: int, lines: Sequence[Line]) -> None:
    for line in lines:
        if line.verb == BLOCKED:
            erasing.block(session, campaign_id, line.address_key, at=line.at)
        else:  # and leave a block that was put since the journal was read
            erasing.unblock(session, campaign_id, line.address_key, before=line.at)


def _erase_again(
    session: Session, campaign_id: int, erased: Mapping[bytes, datetime], *, at: datetime
) -> list[Erased]:
    ids = keeping.of_addresses(session, campaign_id, erased)
    gone = [found for id_ in ids if (found := erasing.erase(session, id_, at=at)) is not None]
    if gone:
        jobs.ask(session, FORGET, at=at)
    return gone


def _parts(all_: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many as go into one transaction, until there are no more."""
    return (all_[begin : begin + BATCH] for begin in range(0, len(all_), BATCH))


def _forget_unconfirmed(
    reading: Opening, transaction: Opening, *, at: datetime, since: datetime | None
) -> Iterator[Step]:
    before = at - UNCONFIRMED_LIFE
    # A day more than the time that passed: two machines' clocks may differ.
    after = since - UNCONFIRMED_LIFE - timedelta(days=1) if since is not None else None
    with reading() as session:  # finding them takes a while, and must not hold up who writes
        found = erasing.unconfirmed_forms(session, before=before, after=after)
    for part in _parts(found):
        with transaction() as session:
            number, letters = erasing.delete_unconfirmed(session, part, at=at)
            if number:
                jobs.ask(session, FORGET, at=at)
        yield Step(what=UNCONFIRMED, number=number, letter_ids=letters)


def _forget_campaigns(transaction: Opening, *, at: datetime) -> Iterator[Step]:
    with transaction() as session:
        over = [clock for clock in keeping.clocks(session) if _is_over(clock, at)]
    for clock in over:
        while True:
            with transaction() as session:
                _note_final(session, clock.campaign_id, at=at)
                number, letters = erasing.erase_batch(session, clock.campaign_id, at=at, most=BATCH)
                if number:
                    jobs.ask(session, FORGET, at=at)
            if not number:
                break
            yield Step(what=_of(clock.slug), number=number, letter_ids=letters)


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


def note(reading: Opening, transaction: Opening, *, at: datetime) -> None:
    """Write down how much is held, for the privacy pages: as of now, until the next run."""
    with reading() as session:  # counting takes a while, and must not hold up who writes
        clocks, held = keeping.clocks(session), keeping.numbers(session)
    with transaction() as session:
        for clock in clocks:
            numbers = asdict(held.get(clock.campaign_id, Numbers()))
            figures.write(session, clock.campaign_id, CLOCK, numbers, at=at)


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
        **figure.numbers,
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

"""Retention: nothing is kept longer than was said. Runs by the worker, every hour, and by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from petition.domain import tokens
from petition.domain.privacy.retention import end
from petition.services.privacy import journal_replay, withdrawals
from petition.services.privacy.erasure import FORGET, ErasureContext, clean_up
from petition.services.privacy.journal_replay import batches
from petition.store import jobs
from petition.store.abuse import senders
from petition.store.campaigns import campaigns
from petition.store.counts import snapshots, totals
from petition.store.counts.totals import FinalNumbers
from petition.store.db import Condition, Moment, Session, SessionFactory
from petition.store.db.rows import Rows
from petition.store.db.transient_failures import committed
from petition.store.letters import code_attempts, inbound_mails
from petition.store.messages import messages, replies
from petition.store.privacy import erasure, retention, unconfirmed_forms
from petition.store.privacy.retention import Numbers
from petition.store.staff import audit

JOB: Final = "retention"
EVERY: Final = timedelta(hours=1)
UNCONFIRMED_LIFE: Final = tokens.CONFIRM_LIFE
"""A form that nobody confirmed goes when the link in its letter ends."""
REMIND_AFTER: Final = timedelta(days=3)
TRIES_LIFE: Final = timedelta(days=1)
BATCH: Final = 500
SENDERS_GRACE: Final = timedelta(hours=1)
"""After midnight, in which a machine whose clock is late still counts for the day before."""

CLOCK: Final = "clock"
"""The snapshot that the privacy page shows."""


class Kind(StrEnum):
    """What a step erases; these words are keys that programs read."""

    CODE_TRIES = "code_tries"
    SENDER_HASHES = "sender_hashes"
    """Of earlier days."""
    ENDED_WIDER_LIMITS = "ended_wider_limits"
    ERASED_BEFORE = "erased_before"
    """Signatures that an old copy of the database brought back."""
    WITHDRAWN = "withdrawn"
    """Signatures whose hour for undoing it is over."""
    UNCONFIRMED_FORMS = "unconfirmed_forms"
    MESSAGE_TEXTS = "message_texts"
    """Of messages that ended, and of what was answered to them: that there was one stays."""
    SIGNATURES = "signatures"
    """Of one campaign, whose time is over."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One committed batch: what it did, and to how many."""

    kind: Kind
    number: int
    slug: str | None = None
    """The campaign, where signatures go because its time is over."""


def _is_over(clock: retention.RetentionPeriod, at: datetime) -> bool:
    return clock.closed_at is not None and end(clock.closed_at, clock.months) <= at


# --- what would go --------------------------------------------------------------------------------


def due(session: Session, context: ErasureContext, *, at: datetime) -> list[Step]:
    """The dry run: what `run` would do now, in its order. Changes nothing. Raises JournalBroken."""
    before, erased = at - UNCONFIRMED_LIFE, journal_replay.read(context.journal).erased
    again = [
        each
        for slug, campaign_id in retention.campaign_ids(session).items()
        for part in batches(list(erased.get(slug, {}).items()), BATCH)
        for each in retention.of_addresses(session, campaign_id, dict(part))
    ]
    erased_before = len(again)
    withdrawn = set(withdrawals.due(session, at=at)).difference(again)
    again += sorted(withdrawn)
    unconfirmed = len(unconfirmed_forms.find(session, before=before, after=None))
    unconfirmed -= sum(
        unconfirmed_forms.count_of(session, part, before=before) for part in batches(again, BATCH)
    )
    return [
        Step(kind=Kind.CODE_TRIES, number=_old_tries(at).count(session)),
        Step(kind=Kind.SENDER_HASHES, number=sum(rows.count(session) for rows in _old_hashes(at))),
        Step(kind=Kind.ENDED_WIDER_LIMITS, number=senders.ended_allowances(at=at).count(session)),
        Step(kind=Kind.ERASED_BEFORE, number=erased_before),
        Step(kind=Kind.WITHDRAWN, number=len(withdrawn)),
        Step(kind=Kind.UNCONFIRMED_FORMS, number=unconfirmed),
        Step(
            kind=Kind.MESSAGE_TEXTS,
            number=messages.old_texts(session, before=at - _texts_life(context))
            + inbound_mails.old(session, before=at - _texts_life(context))
            + replies.old_texts(session, before=at - _texts_life(context)),
        ),
        *(
            Step(
                kind=Kind.SIGNATURES,
                slug=clock.slug,
                number=_left(session, clock, again, before=before),
            )
            for clock in retention.clocks(session)
            if _is_over(clock, at)
        ),
    ]


def _left(
    session: Session, clock: retention.RetentionPeriod, gone: Sequence[int], *, before: datetime
) -> int:
    """A campaign's signatures that no earlier step has erased."""
    among = sum(
        unconfirmed_forms.outliving_of(session, clock.campaign_id, part, before=before)
        for part in batches(gone, BATCH)
    )
    return unconfirmed_forms.outliving(session, clock.campaign_id, before=before) - among


# --- letting it go --------------------------------------------------------------------------------


def run(
    reading: SessionFactory,
    transaction: SessionFactory,
    context: ErasureContext,
    *,
    at: datetime,
) -> Iterator[Step]:
    """Forget all that is due, batch by batch, each committed by itself.

    An interruption loses nothing: what is left is due at the next run. Raises JournalBroken, and
    has done nothing then.
    """
    noted = journal_replay.read(context.journal)
    yield _delete_tries(transaction, at=at)
    yield from _delete_senders(transaction, at=at)
    yield from _erased_before(journal_replay.replay(transaction, context, noted, at=at))
    yield from erase_withdrawn(transaction, context, at=at)
    yield from _delete_all_unconfirmed(reading, transaction, context, at=at, since=None)
    yield _delete_texts(transaction, context, at=at)
    yield from _delete_campaigns(transaction, context, at=at)


def erase_again(
    transaction: SessionFactory, context: ErasureContext, *, at: datetime
) -> Iterator[Step]:
    """Of `run`, what the journal says: an old copy of the database may have been put back.

    Raises JournalBroken, and has done nothing then.
    """
    noted = journal_replay.read(context.journal)
    yield from _erased_before(journal_replay.replay(transaction, context, noted, at=at))


def _erased_before(numbers: Iterator[int]) -> Iterator[Step]:
    for number in numbers:
        yield Step(kind=Kind.ERASED_BEFORE, number=number)


def erase_withdrawn(
    transaction: SessionFactory, context: ErasureContext, *, at: datetime
) -> Iterator[Step]:
    """Of `run`, what was withdrawn an hour ago; the worker does not wait an hour for it."""
    for number in withdrawals.erase_due(transaction, context, at=at):
        yield Step(kind=Kind.WITHDRAWN, number=number)


def delete_due(
    reading: SessionFactory,
    transaction: SessionFactory,
    context: ErasureContext,
    *,
    at: datetime,
    since: datetime | None,
) -> Iterator[Step]:
    """Of `run`, what is past its time.

    `since` is when it last ran: forms that were old enough then are not looked at again; None
    looks at all.
    """
    yield _delete_tries(transaction, at=at)
    yield from _delete_senders(transaction, at=at)
    yield from _delete_all_unconfirmed(reading, transaction, context, at=at, since=since)
    yield _delete_texts(transaction, context, at=at)
    yield from _delete_campaigns(transaction, context, at=at)


def _delete_tries(transaction: SessionFactory, *, at: datetime) -> Step:
    with transaction() as session:
        number = _old_tries(at).delete(session)
        if number:  # they hold keyed hashes of addresses
            jobs.ask(session, FORGET, at=at)
    return Step(kind=Kind.CODE_TRIES, number=number)


def _delete_senders(transaction: SessionFactory, *, at: datetime) -> Iterator[Step]:
    """With the random value of its day a hash names nobody any more; both go in one commit."""
    with transaction() as session:
        senders.old_keys(before=_first_day(at)).delete(session)
        gone = sum(rows.delete(session) for rows in _old_hashes(at))
        ended = senders.ended_allowances(at=at).delete(session)
        if gone or ended:
            jobs.ask(session, FORGET, at=at)
    yield Step(kind=Kind.SENDER_HASHES, number=gone)
    yield Step(kind=Kind.ENDED_WIDER_LIMITS, number=ended)


def _old_tries(at: datetime) -> Rows:
    return code_attempts.old_tries(before=at - TRIES_LIFE)


def _old_hashes(at: datetime) -> tuple[Rows, ...]:
    return senders.old_hashes(before=_first_day(at))


def _first_day(at: datetime) -> date:
    """The first day whose hashes still count."""
    return (at - SENDERS_GRACE).date()


def _delete_all_unconfirmed(
    reading: SessionFactory,
    transaction: SessionFactory,
    context: ErasureContext,
    *,
    at: datetime,
    since: datetime | None,
) -> Iterator[Step]:
    before = at - UNCONFIRMED_LIFE
    # A day more than the time that passed: two machines' clocks may differ.
    after = since - UNCONFIRMED_LIFE - timedelta(days=1) if since is not None else None
    with reading() as session:  # finding them takes a while, and must not hold up who writes
        found = unconfirmed_forms.find(session, before=before, after=after)
    for part in batches(found, BATCH):
        delete = partial(_delete_unconfirmed, context=context, part=part, at=at)
        yield Step(kind=Kind.UNCONFIRMED_FORMS, number=committed(transaction, delete))


def _delete_unconfirmed(
    session: Session, *, context: ErasureContext, part: Sequence[int], at: datetime
) -> int:
    number, letters = unconfirmed_forms.delete_those(session, part, at=at)
    if number:
        clean_up(session, context, letters, at=at)
    return number


def _texts_life(context: ErasureContext) -> timedelta:
    return timedelta(days=context.settings.message_days)


def _delete_texts(transaction: SessionFactory, context: ErasureContext, *, at: datetime) -> Step:
    before = at - _texts_life(context)
    with transaction() as session:
        number = messages.delete_texts(session, before=before)
        number += replies.delete_texts(session, before=before)
        number += inbound_mails.delete_old(session, before=before)
        inbound_mails.delete_old_marks(session, before=before)
        if number:
            jobs.ask(session, FORGET, at=at)
    return Step(kind=Kind.MESSAGE_TEXTS, number=number)


def _delete_campaigns(
    transaction: SessionFactory, context: ErasureContext, *, at: datetime
) -> Iterator[Step]:
    with transaction() as session:
        over = [clock for clock in retention.clocks(session) if _is_over(clock, at)]
    for clock in over:
        while True:
            erase = partial(_erase_batch, context=context, campaign_id=clock.campaign_id, at=at)
            number = committed(transaction, erase)
            if not number:
                break
            yield Step(kind=Kind.SIGNATURES, slug=clock.slug, number=number)


def _erase_batch(
    session: Session, *, context: ErasureContext, campaign_id: int, at: datetime
) -> int:
    _note_final(session, campaign_id, at=at)
    number, letters = erasure.erase_batch(session, campaign_id, at=at, most=BATCH)
    if number:
        clean_up(session, context, letters, at=at)
    return number


def _note_final(session: Session, campaign_id: int, *, at: datetime) -> None:
    """From now on the totals cannot be counted again: they are what they were."""
    if not snapshots.exists(session, campaign_id, totals.FINAL):
        numbers = FinalNumbers(confirmed=totals.total(session, campaign_id))
        snapshots.write(session, campaign_id, totals.FINAL, numbers, at=at)


def remind(session: Session, *, at: datetime) -> int:
    """Owe a reminder to up to BATCH who have not confirmed for three days; how many."""
    return retention.owe_reminders(
        session, at=at, after=REMIND_AFTER, until=UNCONFIRMED_LIFE, most=BATCH
    )


def note(reading: SessionFactory, transaction: SessionFactory, *, at: datetime) -> None:
    """Write down how much is held, for the privacy pages: as of now, until the next run."""
    with reading() as session:  # counting takes a while, and must not hold up who writes
        clocks, held = retention.clocks(session), retention.numbers(session)
    with transaction() as session:
        for clock in clocks:
            numbers = held.get(clock.campaign_id, Numbers())
            snapshots.write(session, clock.campaign_id, CLOCK, numbers, at=at)


@dataclass(frozen=True, kw_only=True)
class RetentionFigures:
    """The clock as the privacy page shows it."""

    as_of: datetime
    confirmed: int
    withdrawn: int
    forms_not_confirmed: int
    next_run: datetime | None
    months: int
    ends_at: datetime | None
    """When the campaign's signatures go; None while it is open."""


def shown(session: Session, campaign_id: int) -> RetentionFigures | None:
    """What was written down at the last run; None before the first one."""
    clock = next(c for c in retention.clocks(session) if c.campaign_id == campaign_id)
    figure = snapshots.read(session, campaign_id, CLOCK, Numbers)
    if figure is None:
        return None
    return RetentionFigures(
        as_of=figure.at,
        confirmed=figure.numbers.confirmed,
        withdrawn=figure.numbers.withdrawn,
        forms_not_confirmed=figure.numbers.forms_not_confirmed,
        next_run=jobs.next_at(session, JOB),
        months=clock.months,
        ends_at=end(clock.closed_at, clock.months) if clock.closed_at is not None else None,
    )


def set_months(session: Session, slug: str, months: int, *, by: str, at: datetime) -> None:
    """Keep a campaign's signatures for that long after closing. Raises NotFound."""
    campaign_id = campaigns.by_slug(session, slug).id
    retention.set_months(session, campaign_id, months)
    audit.note(
        session, who=by, action="retention", outcome="done", at=at, detail=f"{slug}: {months}"
    )


def is_due(at: Moment) -> Condition:
    """Whether it is time for the hourly run."""
    return jobs.is_due(JOB, at=at)


def claim(session: Session, *, at: datetime) -> datetime | None:
    """Take the hourly run if it is due: since when; None when it is not, or another has it."""
    return jobs.claim(session, JOB, at=at, every=EVERY)

"""The audit log as a whole: checking it, pruning it, accepting it after something went wrong."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from petition.errors import PetitionError
from petition.store import jobs
from petition.store.db import Condition, Moment, Session, SessionFactory
from petition.store.staff import audit, audit_chain, audit_check, audit_pruning
from petition.store.staff.audit_check import Checked
from petition.store.staff.audit_pruning import Prunable

JOB: Final = "audit check"
EVERY: Final = timedelta(days=1)
KEPT: Final = timedelta(days=90)
"""Rows that are younger are never pruned."""

log = logging.getLogger(__name__)


def check(reading: SessionFactory) -> Checked:
    """Look at every row since the last checkpoint.

    Where all is well, this machine keeps the last row, against which it compares the next time.
    """
    with reading() as session:
        chain = audit_chain.chain_of(session)
        found = audit_check.check(session, chain)
    if found.whole and found.rows:
        audit_chain.keep(chain.head, found.last)
    return found


def check_and_note(
    reading: SessionFactory, transaction: SessionFactory, *, by: str, at: datetime
) -> Checked:
    """The same; the console shows what was found, and what is wrong stands in the log itself."""
    found = check(reading)
    with transaction() as session:
        audit_check.note(session, found, at=at)
        if not found.whole:
            audit.note(
                session,
                who=by,
                action="check audit",
                outcome="broken",
                at=at,
                detail="; ".join(each.words for each in found.findings)[:500],
            )
    for each in found.findings:
        log.error("audit: %s", each.words)
    return found


def is_due(at: Moment) -> Condition:
    """Whether it is time for the daily check."""
    return jobs.is_due(JOB, at=at)


def check_when_due(
    reading: SessionFactory, transaction: SessionFactory, *, at: datetime
) -> Checked | None:
    """Once a day, by one worker of all; None when it is not due."""
    with transaction() as session:
        due = jobs.claim(session, JOB, at=at, every=EVERY) is not None
    return check_and_note(reading, transaction, by="worker", at=at) if due else None


def accept(
    reading: SessionFactory, transaction: SessionFactory, *, by: str, at: datetime
) -> Checked:
    """Go on from what is there: for an old copy of the database that was put back, or new keys.

    The log has from then on a checkpoint, which says who accepted it and when. Returns what was
    wrong; does nothing where nothing was.
    """
    found = check(reading)
    if found.whole:
        return found
    with transaction() as session:
        chain = audit_chain.chain_of(session)
        audit_chain.lock(session)
        detail = audit_check.checkpoint(audit_chain.last(session))
        audit.note(session, who=by, action=audit_check.ACCEPT, outcome="done", at=at, detail=detail)
    with reading() as session:
        chain.head.replace(audit_chain.last(session))
    return found


class TooYoung(PetitionError):
    """Rows of the last 90 days are kept: name an earlier day."""


class NotWhole(PetitionError):
    """The audit log is not as it was written: run `petition audit verify`. Nothing was deleted."""


def prunable(reading: SessionFactory, *, before: datetime, at: datetime) -> Prunable | None:
    """What `prune` would delete; None where it is nothing. Raises TooYoung and NotWhole."""
    if before > at - KEPT:
        raise TooYoung
    if not check(reading).whole:
        raise NotWhole
    with reading() as session:
        return audit_pruning.prunable(session, before=before)


def prune(transaction: SessionFactory, going: Prunable, *, by: str, at: datetime) -> None:
    """Delete these rows; the log has from then on a row that says up to which one, and who did."""
    with transaction() as session:
        audit_pruning.prune(session, going.last, by=by, at=at)


def pruned_up_to(session: Session) -> int:
    """The number of the last row that was pruned; 0 where none was."""
    return audit_chain.pruned(session, audit_chain.chain_of(session)).number

"""Checks the audit log against its key and its head: which row is not as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import chain as chained, pairwise
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.store.db.upsert import upsert
from petition.store.staff import audit_chain
from petition.store.staff.audit_chain import FIRST, AuditChain, AuditLine
from petition.store.staff.audit_head import Head, HeadBroken
from petition.store.tables import Audit, AuditCheck

ACCEPT: Final = "accept audit"
"""The action of a checkpoint: what stands before it was accepted as it is."""
MOST: Final = 100
"""Findings that are named; a log under another key has as many as rows."""
_PART: Final = 1000


class Kind(StrEnum):
    """What is wrong; these words are keys that programs read."""

    CHANGED = "changed"
    DROPPED = "dropped"
    REORDERED = "reordered"
    INSERTED = "inserted"
    CUT_OFF = "cut off"
    OTHER_KEY = "other key"
    HEAD_UNREADABLE = "head unreadable"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is wrong with one row, or with those from one number to another."""

    kind: Kind
    first: int
    last: int

    @property
    def words(self) -> str:
        """A sentence for who looks after the server."""
        place = (
            f"row {self.first}"
            if self.first == self.last
            else (f"rows {self.first} to {self.last}")
        )
        return f"{place}: {_WORDS[self.kind]}"


_WORDS: Final = {
    Kind.CHANGED: "changed since it was written",
    Kind.DROPPED: "missing, while later rows are there",
    Kind.REORDERED: "not in the order in which they were written",
    Kind.INSERTED: "not written by this service",
    Kind.CUT_OFF: "missing at the end, or other rows stand there",
    Kind.OTHER_KEY: "written under another PETITION_VAULT_KEY",
    Kind.HEAD_UNREADABLE: "the file audit.head in the instance folder cannot be read",
}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check found."""

    rows: int
    """How many were looked at."""
    last: Head
    accepted: int
    """Up to this number rows were accepted as they are; 0 where none were."""
    pruned: int
    """Up to this number rows were deleted after their time; 0 where none were."""
    head_kept: bool
    """Whether this machine has seen a row before; else nobody knows what was cut off."""
    findings: tuple[Finding, ...]
    """By number; at most MOST."""

    @property
    def whole(self) -> bool:
        return not self.findings


@dataclass(frozen=True, kw_only=True)
class _Row:
    head: Head
    line: AuditLine


@dataclass(frozen=True, kw_only=True)
class _Misfit:
    """A row that does not follow on the one before it."""

    row: _Row
    before: Head
    after: _Row | None


def check(session: Session, chain: AuditChain) -> Checked:
    """Look at every row since the last checkpoint. The session must be a new one.

    The head is read before the session's snapshot begins, so that it is never ahead of it.
    """
    head, findings = _kept(chain)
    pruned, accepted = audit_chain.pruned(session, chain), _accepted_up_to(session, chain)
    start = max(pruned, accepted, key=lambda each: each.number)
    number, last = 0, start
    misfits: list[_Misfit] = []
    total_misfits = 0
    for before, row, after in _with_neighbours(session, start):
        number, last = number + 1, row.head
        if not _follows(chain, row, before.mac):
            total_misfits += 1
            if len(misfits) < MOST:
                misfits.append(_Misfit(row=row, before=before, after=after))
        elif row.head.number != before.number + 1:  # its number alone was changed
            findings.append(_of(Kind.CHANGED, row.head.number))
    if number > 1 and total_misfits == number:
        findings = [Finding(kind=Kind.OTHER_KEY, first=start.number + 1, last=last.number)]
    else:
        places = _places(session, chain, start, misfits)
        findings += [_judged(chain, each, places, head) for each in misfits]
    findings += [_of(Kind.INSERTED, each) for each in _up_to(session, pruned)]
    findings += _cut_off(session, head, last, start, is_whole=not findings)
    return Checked(
        rows=number,
        last=last,
        accepted=accepted.number,
        pruned=pruned.number,
        head_kept=head is not None,
        findings=tuple(sorted(findings, key=lambda each: each.first)),
    )


def note(session: Session, checked: Checked, *, at: datetime) -> None:
    """Remember what was found, for the console."""
    words = checked.findings[0].words if checked.findings else None
    upsert(
        session,
        AuditCheck,
        {"id": 1, "at": at, "rows": checked.rows, "finding": words},
        change=lambda new: {"at": new.at, "rows": new.rows, "finding": new.finding},
    )


@dataclass(frozen=True, kw_only=True)
class LastCheck:
    """What the last check found."""

    at: datetime
    rows: int
    finding: str | None


def last_check(session: Session) -> LastCheck | None:
    """None before the first one."""
    row = session.get(AuditCheck, 1)
    return None if row is None else LastCheck(at=row.at, rows=row.rows, finding=row.finding)


def _kept(chain: AuditChain) -> tuple[Head | None, list[Finding]]:
    try:
        return chain.head.read(), []
    except (HeadBroken, OSError):
        return None, [_of(Kind.HEAD_UNREADABLE, 0)]


def _of(kind: Kind, number: int) -> Finding:
    return Finding(kind=kind, first=number, last=number)


def _rows(session: Session, after: int) -> Iterator[_Row]:
    while True:
        found = session.execute(
            select(
                Audit.number,
                Audit.mac,
                Audit.at,
                Audit.who,
                Audit.action,
                Audit.outcome,
                Audit.detail,
            )
            .where(Audit.number > after)
            .order_by(Audit.number)
            .limit(_PART)
        ).all()
        for number, mac, at, who, action, outcome, detail in found:
            yield _Row(
                head=Head(number=number, mac=bytes(mac)),
                line=AuditLine(at=at, who=who, action=action, outcome=outcome, detail=detail),
            )
        if len(found) < _PART:
            return
        after = found[-1].number


def _up_to(session: Session, pruned: Head) -> list[int]:
    """Numbers that this service never gives, or whose rows it has deleted."""
    query = select(Audit.number).where(Audit.number <= pruned.number).order_by(Audit.number)
    return list(session.scalars(query.limit(MOST)))


def _with_neighbours(session: Session, start: Head) -> Iterator[tuple[Head, _Row, _Row | None]]:
    """Each row, with what stands before it and after it."""
    before = start
    for row, after in pairwise(chained(_rows(session, start.number), [None])):
        assert row is not None
        yield before, row, after
        before = row.head


def _follows(chain: AuditChain, row: _Row, mac: bytes) -> bool:
    return chain.mac(mac, row.line) == row.head.mac


def _accepted_up_to(session: Session, chain: AuditChain) -> Head:
    """What the last checkpoint accepted; one counts only where it was written under our key."""
    checkpoints = session.execute(
        select(Audit.number, Audit.detail)
        .where(Audit.action == ACCEPT)
        .order_by(Audit.number.desc())
    ).all()
    for number, detail in checkpoints:
        accepted = _accepted(detail)
        row = next(_rows(session, number - 1), None)
        if (
            accepted is not None
            and row is not None
            and row.head.number == number == accepted.number + 1
            and _follows(chain, row, accepted.mac)
        ):
            return accepted
    return FIRST


def checkpoint(head: Head) -> str:
    """The detail of a checkpoint that follows on this row."""
    return f"{head.number} {head.mac.hex()}"


def _accepted(detail: str | None) -> Head | None:
    try:
        number, mac = (detail or "").split()
        return Head(number=int(number), mac=bytes.fromhex(mac))
    except ValueError:
        return None


def _places(
    session: Session, chain: AuditChain, start: Head, misfits: list[_Misfit]
) -> dict[int, int]:
    """For each misfit that was written after another row than the one before it: after which."""
    if not misfits:
        return {}
    found: dict[int, int] = {}
    for head in chained([start], (row.head for row in _rows(session, start.number))):
        for each in misfits:
            if _follows(chain, each.row, head.mac):
                found[each.row.head.number] = head.number
    return found


def _judged(chain: AuditChain, each: _Misfit, places: dict[int, int], head: Head | None) -> Finding:
    number, before = each.row.head.number, each.before
    if number in places:
        return _of(Kind.REORDERED, number)
    if number > before.number + 1:
        return Finding(kind=Kind.DROPPED, first=before.number + 1, last=number - 1)
    if each.after is None:
        is_new = head is not None and number > head.number
        return _of(Kind.INSERTED if is_new else Kind.CHANGED, number)
    if _follows(chain, each.after, before.mac):
        return _of(Kind.INSERTED, number)
    return _of(Kind.CHANGED, number)


def _cut_off(
    session: Session, head: Head | None, last: Head, start: Head, *, is_whole: bool
) -> list[Finding]:
    """Whether the row that this machine saw last is still there."""
    if head is None or head.number <= start.number:
        return []
    if last.number < head.number:
        return [Finding(kind=Kind.CUT_OFF, first=last.number + 1, last=head.number)]
    if is_whole and audit_chain.mac_at(session, head.number) != head.mac:
        return [_of(Kind.CUT_OFF, head.number)]
    return []

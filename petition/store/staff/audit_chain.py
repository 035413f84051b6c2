"""The audit log's chain: each row carries a mac of itself and of the mac of the row before it.

The key is not in the database, so nobody can write there what fits. Rows are numbered without a
gap. Both are given at the very end of the transaction, under a lock: so nobody holds the lock
while they wait for another row, and the order of the numbers is that of the commits.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Final, cast

from sqlalchemy import Engine, event, insert, select, text
from sqlalchemy.orm import Session

from petition.store.staff.audit_head import Head, HeadBroken, HeadFile
from petition.store.tables import Audit

FIRST: Final = Head(number=0, mac=bytes(32))
"""What stands before the first row."""
_OPTION: Final = "petition_audit_chain"
"""The execution option of an engine whose audit log this process may write."""
_PENDING: Final = "audit"
PRUNE: Final = "prune audit"
"""The action of the checkpoint that pruning leaves."""
_LOCK: Final = 7_013_640_553_001
"""Of PostgreSQL's advisory locks: any number that nobody else takes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class AuditLine:
    """What a row of the audit log says."""

    at: datetime
    who: str
    action: str
    outcome: str
    detail: str | None


class AuditChain:
    """The key of the chain, and where its head is kept."""

    def __init__(self, key: bytes, head: HeadFile) -> None:
        self._key = key
        self.head = head

    def mac(self, before: bytes, line: AuditLine) -> bytes:
        """The mac of a row that follows on the row with the mac `before`."""
        return digest(self._key, before + canonical(line), sha256)

    def seal(self, pruned: Head) -> bytes:
        """What only this service can write beside the last row that was pruned."""
        return digest(self._key, b"pruned up to %d:%b" % (pruned.number, pruned.mac), sha256)


def canonical(line: AuditLine) -> bytes:
    """A row as bytes: each part with its length, so that no two rows look alike.

    The number is left out: the mac before says where the row belongs, and a row whose number
    alone was changed is so told from one that was written anew.
    """
    at = line.at.astimezone(UTC).isoformat(timespec="microseconds")
    parts = (at, line.who, line.action, line.outcome, line.detail)
    return b"".join(_sized(part) for part in parts)


def _sized(part: str | None) -> bytes:
    if part is None:
        return b"-"
    data = part.encode()
    return b"%d:%b" % (len(data), data)


def use(engine: Engine, chain: AuditChain) -> None:
    """From now on this engine's audit log is written under this chain."""
    engine.update_execution_options(**{_OPTION: chain})


def chain_of(session: Session) -> AuditChain:
    """The chain of the session's engine."""
    return cast(AuditChain, session.get_bind().get_execution_options()[_OPTION])


def append(session: Session, line: AuditLine) -> None:
    """Have the row written when the transaction commits, as the last thing before it."""
    pending = session.info.setdefault(_PENDING, [])
    if not pending:
        event.listen(session, "before_commit", _write, once=True)
        event.listen(session, "after_rollback", _forget, once=True)
    pending.append(line)


def last(session: Session) -> Head:
    """The last row; FIRST where there is none."""
    row = session.execute(
        select(Audit.number, Audit.mac).order_by(Audit.number.desc()).limit(1)
    ).first()
    return FIRST if row is None else Head(number=row.number, mac=bytes(row.mac))


def checkpoint(chain: AuditChain, pruned: Head) -> str:
    """The detail of the row that says up to which row the log was pruned."""
    return f"{pruned.number} {pruned.mac.hex()} {chain.seal(pruned).hex()}"


def pruned(session: Session, chain: AuditChain) -> Head:
    """The last row that was pruned; FIRST where none was.

    A checkpoint counts by its seal, so that nobody who only writes to the database can make one.
    """
    details = select(Audit.detail).where(Audit.action == PRUNE).order_by(Audit.number.desc())
    for detail in session.scalars(details):
        with suppress(ValueError):
            number, mac, seal = (detail or "").split()
            head = Head(number=int(number), mac=bytes.fromhex(mac))
            if compare_digest(chain.seal(head), bytes.fromhex(seal)):
                return head
    return FIRST


def lock(session: Session) -> None:
    """Nobody else adds a row until this transaction ends; the session must see what they commit.

    In a transaction that reads one snapshot the next number could be taken already.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _forget(session: Session) -> None:
    session.info.pop(_PENDING, None)


def _write(session: Session) -> None:
    lines: list[AuditLine] = session.info.pop(_PENDING, [])
    if not lines:
        return
    chain = chain_of(session)
    lock(session)
    head = last(session)
    goes_on = _goes_on(session, chain)
    for line in lines:
        head = Head(number=head.number + 1, mac=chain.mac(head.mac, line))
        session.execute(insert(Audit).values(**asdict(line), number=head.number, mac=head.mac))
    if goes_on:
        event.listen(session, "after_commit", lambda _: keep(chain.head, head), once=True)


def _goes_on(session: Session, chain: AuditChain) -> bool:
    """Whether the log still has the row that the file names, or that row was pruned.

    Else the file stays as it is: it is the proof that rows were cut off.
    """
    try:
        kept = chain.head.read()
    except (HeadBroken, OSError) as error:
        log.error("audit: the file of its head: %s", type(error).__name__)
        return False
    if kept is None or mac_at(session, kept.number) == kept.mac:
        return True
    gone = pruned(session, chain)
    return kept.number < gone.number or kept == gone


def mac_at(session: Session, number: int) -> bytes | None:
    """The mac of the row with this number."""
    mac = session.scalar(select(Audit.mac).where(Audit.number == number))
    return None if mac is None else bytes(mac)


def keep(file: HeadFile, head: Head) -> None:
    """What was done is done: a disk that is full must not make it look as if it were not."""
    try:
        file.advance(head)
    except (HeadBroken, OSError) as error:
        log.error("audit: its head was not kept: %s", type(error).__name__)

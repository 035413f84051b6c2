"""Opening supporters' records: each is noted, and owners are told of many in an hour.

The queue of names and comments is apart (services/signatures/moderation): who decides there reads
twenty at once, and neither an address nor a postcode.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from petition.domain.letters import letter as letters
from petition.domain.letters.recipient import Recipient
from petition.domain.staff.audit_actions import AuditAction
from petition.store.db import Session
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.privacy import staff_views
from petition.store.staff import accounts, audit, audit_rows, roles
from petition.store.staff.audit_rows import AuditRow, Search

RECORDS_AN_HOUR: Final = 30
"""Different ones; more of them raise a flag."""
AN_HOUR: Final = timedelta(hours=1)
SHOWN_FOR: Final = timedelta(days=30)
"""How long a flag stands on the console's first page. In the audit log it stays."""


def note_opened(
    session: Session,
    signature_id: int,
    entry_ids: Iterable[int],
    *,
    by: str,
    role: str,
    at: datetime,
) -> None:
    """Somebody is about to see all of one signature: call this before it is shown.

    The audit log has who, the signer's own page the day and the role (`server` for a command).
    """
    staff_views.note(session, entry_ids, role=role, at=at)
    # One after the other: two that came at once would both be the thirtieth, or the first flag.
    accounts.lock(session, by)
    record = f"signature {signature_id}"
    since = at - AN_HOUR
    opened = audit.count_details(
        session, who=by, action=AuditAction.VIEW_SIGNATURE, since=since, but=record
    )
    _note(session, AuditAction.VIEW_SIGNATURE, record, by=by, at=at)
    if opened >= RECORDS_AN_HOUR and not audit.count_details(
        session, who=by, action=AuditAction.MANY_RECORDS, since=since
    ):
        _flag(session, by=by, at=at)


def flags(session: Session, *, at: datetime) -> tuple[AuditRow, ...]:
    """Who was flagged lately, the last first."""
    search = Search(action=AuditAction.MANY_RECORDS, since=at - SHOWN_FOR)
    return audit_rows.page(session, search).rows


def _flag(session: Session, *, by: str, at: datetime) -> None:
    """To every owner, also where it is about one of them: so it never goes to that one alone,
    unless there is nobody else."""
    detail = f"more than {RECORDS_AN_HOUR} in an hour"
    _note(session, AuditAction.MANY_RECORDS, detail, by=by, at=at)
    outbox.enqueue(
        session,
        [
            NewLetter(kind=letters.MANY_RECORDS, to=Recipient.staff(owner_id), due_at=at)
            for owner_id in sorted(roles.owners(session))
        ],
    )


def _note(session: Session, action: AuditAction, detail: str, *, by: str, at: datetime) -> None:
    audit.note(session, who=by, action=action, outcome="done", at=at, detail=detail)

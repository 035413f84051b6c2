"""What staff were refused stands in the audit log, and no loop fills it.

The first hundred of a person and an hour have a row each. From then on there is one when the
number reaches a thousand, ten thousand, and so on: it says how many there were.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from petition.domain.staff.audit_actions import AuditAction
from petition.store.db import Session
from petition.store.staff import audit, refusals
from petition.store.staff.accounts import StaffMember

ROWS_AN_HOUR: Final = 100
KEPT: Final = timedelta(days=1)


class Refusal(StrEnum):
    """As the audit log has it."""

    FORBIDDEN = "refused"
    """Their role does not reach so far."""
    MISSING = "not found"
    """What the address names is not there, or is none of theirs."""


def note(
    session: Session, person: StaffMember, refusal: Refusal, *, place: str, at: datetime
) -> None:
    """Somebody was refused a page; `place` is our own name for it, never what they typed."""
    number = refusals.count(session, person.id, at=at)
    if number > ROWS_AN_HOUR:
        if not _is_power_of_ten(number):
            return
        place = f"{place}; {number} refusals in this hour"
    audit.note(
        session,
        who=person.email,
        action=AuditAction.OPEN_PAGE,
        outcome=refusal,
        at=at,
        detail=place,
    )


def _is_power_of_ten(number: int) -> bool:
    return str(number).rstrip("0") == "1"


def delete_old(session: Session, *, at: datetime) -> None:
    """The numbers of hours that are over tell nothing any more."""
    refusals.delete_old(session, before=at - KEPT)

"""Letters to staff: what is needed to write one, as it stands now."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from petition.store.tables import Letter, Staff


@dataclass(frozen=True, kw_only=True)
class StaffLetter:
    """A letter to a member of staff."""

    id: int
    kind: str
    to: str
    language: str
    """In which they last signed in."""


def read(session: Session, letter_id: int) -> StaffLetter | None:
    """A claimed letter; None where the account is gone."""
    row = session.execute(
        select(Letter.id, Letter.kind, Staff.email, Staff.language)
        .join(Staff, Staff.id == Letter.staff_id)
        .where(Letter.id == letter_id)
    ).first()
    if row is None:
        return None
    return StaffLetter(id=row.id, kind=row.kind, to=row.email, language=row.language)

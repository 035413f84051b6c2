"""Leases: work that one worker holds for a while, and anybody may take once that is over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

from petition.store.db.conditions import Moment


def is_free(
    leased_until: InstrumentedAttribute[datetime | None], at: datetime | Moment
) -> ColumnElement[bool]:
    """True of rows that no worker holds now."""
    return or_(leased_until.is_(None), leased_until <= at)

"""Retention: until when signatures are kept."""

from __future__ import annotations

import calendar
from datetime import datetime


def end(closed_at: datetime, months: int) -> datetime:
    """That many months later, on the same day or on the month's last one."""
    year, month = divmod(closed_at.year * 12 + closed_at.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return closed_at.replace(year=year, month=month + 1, day=min(closed_at.day, last))


def start(at: datetime, months: int) -> datetime:
    """What is older than this at that time has been kept for longer than so many months."""
    return end(at, -months)

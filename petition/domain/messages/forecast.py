"""Forecast: when a target's queue is empty, at its cap and in its office hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from petition.domain.messages.pacing import AN_HOUR, is_office_hour

FAR: Final = timedelta(days=366)
"""Further ahead nobody looks."""


def empty_at(
    queued: int, *, an_hour: int, a_day: int, time_zone: str, sent_today: int, at: datetime
) -> datetime | None:
    """In which hour the last of them goes, if no further ones come; None where it is over a year.

    Days are of UTC, as the cap counts them.
    """
    hour = at.replace(minute=0, second=0, microsecond=0)
    end, left, today = at + FAR, queued, sent_today
    while left > 0:
        if is_office_hour(hour, time_zone):
            goes = min(left, an_hour, max(a_day - today, 0))
            left -= goes
            today += goes
        if left <= 0:
            break
        following = hour + AN_HOUR
        if following.date() != hour.date():
            today = 0
        hour = following
        if hour > end:
            return None
    return max(hour, at)

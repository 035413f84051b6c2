"""Pacing: when messages go to a target, within the hours of its office and spread over them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

UTC_NAME: Final = "UTC"
OPENS: Final = 9
CLOSES: Final = 17
FRIDAY: Final = 4
SPREAD: Final = timedelta(minutes=20)
"""Over so long messages that may go at one time are spread: no click is followed by its email."""
AN_HOUR: Final = timedelta(hours=1)
MOST_AN_HOUR: Final = 300
MOST_A_DAY: Final = 2000
"""To one target, whatever its campaign and the date say."""


def _zone(name: str) -> tzinfo:
    """The zone of that name; a machine without a table of zones knows this one."""
    return UTC if name == UTC_NAME else ZoneInfo(name)


def is_office_hour(at: datetime, time_zone: str) -> bool:
    """True on working days from nine to five, where the target is."""
    there = at.astimezone(_zone(time_zone))
    return there.weekday() <= FRIDAY and OPENS <= there.hour < CLOSES


def day_at(at: datetime, time_zone: str) -> date:
    """Which day it is, where the target is."""
    return at.astimezone(_zone(time_zone)).date()


def next_time(at: datetime, time_zone: str, jitter: float) -> datetime:
    """When a message that is ready at that time goes; `jitter` is from 0 to 1.

    Within office hours after up to SPREAD. Outside of them somewhere in the first two hours of the
    next working day: what came in overnight does not arrive all at once.
    """
    due = at + SPREAD * jitter
    if is_office_hour(due, time_zone):
        return due
    there = due.astimezone(_zone(time_zone))
    opening = there.replace(hour=OPENS, minute=0, second=0, microsecond=0)
    if there.hour >= OPENS:
        opening += timedelta(days=1)
    while opening.weekday() > FRIDAY:
        opening += timedelta(days=1)
    return (opening + 2 * AN_HOUR * jitter).astimezone(at.tzinfo)


def share(an_hour: int, at: datetime) -> int:
    """How many may have gone in this hour by now: a full queue goes evenly, not at the hour."""
    return -(-min(an_hour, MOST_AN_HOUR) * (at.minute + 1) // 60)


def next_share(at: datetime, time_zone: str, jitter: float) -> datetime:
    """When to look again, where the share is used up for now: at any time within an hour."""
    later = at + AN_HOUR * jitter
    return later if is_office_hour(later, time_zone) else next_time(later, time_zone, jitter)


def next_hour(at: datetime, time_zone: str, jitter: float) -> datetime:
    """The same, where this hour's cap is used up."""
    hour = at.replace(minute=0, second=0, microsecond=0) + AN_HOUR
    return next_time(hour, time_zone, jitter)


def next_day(at: datetime, time_zone: str, jitter: float) -> datetime:
    """The same, where this day's cap is used up; days are of UTC, as the count of them."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return next_time(day, time_zone, jitter)


def provider_of(address: str) -> str:
    """The mail provider of a mailbox, as far as its address tells: the domain."""
    return address.rpartition("@")[2].lower()

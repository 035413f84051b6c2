"""Forecast: when the queues of targets are empty, at their caps, in their office hours.

Targets with one mail provider share its cap, so their queues are looked at together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from petition.domain.messages.digest import LEAST_SENDERS, MOST_MESSAGES
from petition.domain.messages.pacing import AN_HOUR, day_at, is_office_hour

FAR: Final = timedelta(days=366)
"""Further ahead nobody looks."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What waits for a target, and what holds it up."""

    queued: int
    provider: str
    time_zone: str
    an_hour: int
    a_day: int
    sent_this_hour: int = 0
    sent_today: int = 0
    """On this day of UTC, as the cap counts days."""
    is_digest: bool = False
    last_digest: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What is to be expected of a queue, if no further messages come."""

    empty_at: datetime | None = None
    """In which hour its last one goes; None where that is over a year away, or in no sight."""
    waits_for_people: bool = False
    """The last ones are too few for a digest."""


def forecasts(
    queues: Mapping[int, Queue],
    *,
    provider_cap: int,
    sent_to_provider: Mapping[str, int],
    at: datetime,
) -> dict[int, Forecast]:
    """By the numbers of the targets that these queues are of. The cap is for an hour."""
    found = {key: _of_digests(queue, at) for key, queue in queues.items() if queue.is_digest}
    single = {key: queue for key, queue in queues.items() if not queue.is_digest}
    for provider in {queue.provider for queue in single.values()}:
        those = {key: each for key, each in single.items() if each.provider == provider}
        sent = sent_to_provider.get(provider, 0)
        found |= _of_provider(those, provider_cap, sent, at)
    return found


class _Left:
    """A queue that gets shorter."""

    def __init__(self, queue: Queue) -> None:
        self.queue, self.left = queue, queue.queued
        self.this_hour, self.today = queue.sent_this_hour, queue.sent_today

    def wants(self, hour: datetime) -> int:
        if not self.left or not is_office_hour(hour, self.queue.time_zone):
            return 0
        room = min(self.queue.an_hour - self.this_hour, self.queue.a_day - self.today)
        return max(min(self.left, room), 0)

    def take(self, number: int) -> None:
        self.left -= number
        self.today += number


def _of_provider(
    queues: Mapping[int, Queue], cap: int, sent: int, at: datetime
) -> dict[int, Forecast]:
    hour = at.replace(minute=0, second=0, microsecond=0)
    waiting = {key: _Left(queue) for key, queue in queues.items()}
    found: dict[int, Forecast] = {}
    room, end = max(cap - sent, 0), at + FAR
    while waiting and hour <= end:
        _take_hour(waiting, hour, room)
        following = hour + AN_HOUR
        for key in [key for key, each in waiting.items() if not each.left]:
            del waiting[key]
            found[key] = Forecast(empty_at=max(hour, at))
        for each in waiting.values():
            each.this_hour = 0
            if following.date() != hour.date():
                each.today = 0
        hour, room = following, cap
    return found | {key: Forecast() for key in waiting}


def _take_hour(waiting: Mapping[int, _Left], hour: datetime, room: int) -> None:
    """What goes in an hour: each its part of the provider's room, and what others leave of it."""
    wanting = sorted((each.wants(hour), key) for key, each in waiting.items())
    wanting = [(wants, key) for wants, key in wanting if wants]
    for place, (wants, key) in enumerate(wanting):
        goes = min(wants, room // (len(wanting) - place))
        waiting[key].take(goes)
        room -= goes


def _of_digests(queue: Queue, at: datetime) -> Forecast:
    """One a day, of so many messages; fewer people than it needs wait for others."""
    days = -(-queue.queued // MOST_MESSAGES)
    if queue.queued - (days - 1) * MOST_MESSAGES < LEAST_SENDERS:
        return Forecast(waits_for_people=True)
    zone = queue.time_zone
    last: date | None = day_at(queue.last_digest, zone) if queue.last_digest else None
    hour, end = at.replace(minute=0, second=0, microsecond=0), at + FAR
    while hour <= end:
        day = day_at(hour, zone)
        if (last is None or day > last) and is_office_hour(hour, zone):
            days, last = days - 1, day
            if not days:
                return Forecast(empty_at=max(hour, at))
        hour += AN_HOUR
    return Forecast()

"""Retries: when a message is tried again, and when an endpoint is warned about and shut off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

_SECOND, _MINUTE, _HOUR = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours"))
PAUSES: Final = (
    5 * _SECOND,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""After each failed try of one message; the tries are spread over three days."""
ENDPOINT_PAUSES: Final = (5 * _SECOND, 30 * _SECOND, _MINUTE, 2 * _MINUTE)
"""After failures in a row of one endpoint. No longer, so that it hears of erasures within five
minutes of answering again."""
LONGEST_WAIT: Final = 24 * _HOUR
"""However long an endpoint asks us to wait."""
AN_OUTAGE: Final = 5 * _MINUTE
"""Of failing. When such an endpoint answers again, all that waits for it is due at once."""
SHUT_OFF_AFTER: Final = 72 * _HOUR
WARNINGS: Final = (24 * _HOUR, 48 * _HOUR)
"""Of failing, when owners are warned by email."""
OVERDUE_AFTER: Final = 72 * _HOUR
"""Withdrawals and erasures that are not acknowledged by then are shown to staff."""
KEPT_FOR: Final = timedelta(days=30)
"""A delivery after its end; and as long one may be owed."""


def pause_after(attempts: int, *, owed_for: timedelta, jitter: float) -> timedelta | None:
    """How long a message waits after so many tries; None when it is time to give it up.

    None is given up before three days, however many tries there were. `jitter` is from 0 to 1
    and adds up to a quarter, so that messages do not come back in step.
    """
    if attempts > len(PAUSES) and owed_for >= SHUT_OFF_AFTER:
        return None
    return PAUSES[min(attempts, len(PAUSES)) - 1] * (1 + 0.25 * jitter)


def endpoint_pause(failures: int, *, jitter: float) -> timedelta:
    """How long nothing is tried at an endpoint after so many failures in a row."""
    return ENDPOINT_PAUSES[min(failures, len(ENDPOINT_PAUSES)) - 1] * (1 + 0.25 * jitter)


def warnings_due(failing_since: datetime, at: datetime) -> int:
    """How many warnings an endpoint that has failed since then has deserved."""
    return sum(at - failing_since >= each for each in WARNINGS)


def wait_asked(retry_after: str | None, *, at: datetime) -> timedelta | None:
    """How long an answer's `Retry-After` asks us to wait; None where it says nothing readable."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(until - at, timedelta())

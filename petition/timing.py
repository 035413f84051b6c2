"""Padding: what takes longer for one address than for another ends at the same times.

A row that is written or found costs some microseconds that a row that is not does not cost. Whoever
measures often enough could tell them apart, so everybody goes on at the next multiple of 5 ms.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PERIOD: Final = 0.005
"""Seconds: more than the database usually takes, less than anybody notices."""


@contextmanager
def pad_duration() -> Iterator[None]:
    """Leave the block a whole number of steps after it was entered, by an exception too."""
    began = time.monotonic()
    try:
        yield
    finally:
        time.sleep(rest(time.monotonic() - began))


def rest(taken: float) -> float:
    """Seconds until the next multiple of the period, when the block took that long."""
    return PERIOD - taken % PERIOD

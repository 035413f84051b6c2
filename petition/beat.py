"""The beat: what takes a little longer for one address than for another ends on it all the same.

A row that is written or found costs some microseconds that a row that is not does not cost. Whoever
measures often enough could tell them apart, so nobody goes on before the next beat.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

BEAT: Final = 0.005
"""Seconds: more than the database usually takes, less than anybody notices."""


@contextmanager
def on_the_beat() -> Iterator[None]:
    """Leave the block a whole number of beats after it was entered, by an exception too."""
    began = time.monotonic()
    try:
        yield
    finally:
        time.sleep(rest(time.monotonic() - began))


def rest(taken: float) -> float:
    """Seconds until the next beat, when the block took that long."""
    return BEAT - taken % BEAT

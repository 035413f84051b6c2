"""Timing: the answers to many requests, and the seconds of each, with nothing else in between.

So a small difference on the server's side is not lost in work on this one.
"""

import gc
from collections.abc import Sequence
from dataclasses import dataclass

from drills.http_client import answers


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """One request as bytes; `of` says what it stands for, `typed` the address that is in it."""

    of: str
    typed: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Timed:
    """One request and the whole answer to it."""

    asked: PreparedRequest
    seconds: float
    answer: bytes


def timed(base: str, requests: Sequence[PreparedRequest], *, connections: int) -> list[Timed]:
    """Ask everything in this order; each connection asks again when it has its answer."""
    waiting = ((asked.request, asked) for asked in requests)
    found = answers(base, waiting, connections=min(connections, len(requests)))
    gc.collect()
    gc.disable()  # our own collections would be counted as the server's time
    try:
        return [Timed(each.about, each.ended - each.began, each.answer) for each in found]
    finally:
        gc.enable()

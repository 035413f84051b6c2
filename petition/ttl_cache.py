"""A cache of one process, for what takes long to make: kept for a while, made by one at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar, cast

T = TypeVar("T")  # Python 3.11 has no other way to say it


class TtlCache:
    """While something is made anew, who comes by takes what lay there before.

    `life` is in seconds by `clock`. Beyond `most` things all are dropped. Where making fails with
    one of `stale_on`, what lay there serves for another life.
    """

    def __init__(
        self,
        life: float,
        *,
        most: int = 1000,
        stale_on: tuple[type[Exception], ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.life = life
        self._most = most
        self._stale_on = stale_on
        self._clock = clock
        self._kept: dict[object, tuple[float, object]] = {}
        self._making = threading.RLock()  # what is made may take something else from here

    def keep(self, key: object, make: Callable[[], T]) -> T:
        """What `make` makes, made again after its life."""
        found = self._kept.get(key)
        if found is not None and self._is_fresh(found):
            return cast(T, found[1])
        if not self._making.acquire(blocking=found is None):
            assert found is not None  # somebody makes this or another thing just now
            return cast(T, found[1])
        try:
            found = self._kept.get(key)
            if found is not None and self._is_fresh(found):
                return cast(T, found[1])
            return self._made(key, make, found)
        finally:
            self._making.release()

    def peek(self, key: object) -> object | None:
        """What lies there and is fresh; None otherwise."""
        found = self._kept.get(key)
        return found[1] if found is not None and self._is_fresh(found) else None

    def _is_fresh(self, found: tuple[float, object]) -> bool:
        return self._clock() < found[0]

    def _made(self, key: object, make: Callable[[], T], found: tuple[float, object] | None) -> T:
        try:
            made = make()
        except self._stale_on:
            if found is None:
                raise
            made = cast(T, found[1])
        if len(self._kept) >= self._most:
            self._kept.clear()
        self._kept[key] = (self._clock() + self.life, made)
        return made

    def clear(self) -> None:
        """Make everything anew at the next call."""
        with self._making:
            self._kept.clear()

    def expire(self) -> None:
        """Make everything anew at the next call; until it is made, what is there serves."""
        with self._making:
            self._kept = {key: (float("-inf"), made) for key, (_, made) in self._kept.items()}

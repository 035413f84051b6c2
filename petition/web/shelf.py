"""A shelf for what is dear to make: kept for minutes, and made by one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar, cast

T = TypeVar("T")  # Python 3.11 has no other way to say it

LIFE: Final = timedelta(minutes=10)
MOST: Final = 300


class Shelf:
    """Per process. While something is made anew, who comes by takes what lay there before."""

    def __init__(self) -> None:
        self._kept: dict[object, tuple[datetime, object]] = {}
        self._making = threading.Lock()

    def keep(self, key: object, make: Callable[[], T], at: datetime) -> T:
        """What `make` makes, made again after LIFE."""
        found = self._kept.get(key)
        if found is not None and at < found[0]:
            return cast(T, found[1])
        if not self._making.acquire(blocking=found is None):
            assert found is not None  # somebody makes this or another thing just now
            return cast(T, found[1])
        try:
            found = self._kept.get(key)
            if found is not None and at < found[0]:
                return cast(T, found[1])
            made = make()
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[key] = (at + LIFE, made)
            return made
        finally:
            self._making.release()

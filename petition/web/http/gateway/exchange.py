"""What the HTTP server hands over, described here so that nothing depends on its package."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from typing import Any, Protocol

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Future(Protocol):
    """Bytes that are on their way."""

    def add_done_callback(self, callback: Callable[[Any], None], *, context: Any) -> None: ...

    def cancel(self) -> Any: ...

    def result(self) -> bytes: ...


class Exchange(Protocol):
    """One request's body, and the way back; only the first answer counts."""

    def __call__(self) -> Future: ...

    def __aiter__(self) -> Any: ...

    def __anext__(self) -> Future: ...

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...

    def response_file(self, status: int, headers: Headers, path: str) -> None: ...


def tell(error: BaseException) -> None:
    """The kind of what broke and its place; its words may hold a person's."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    log.error("a request could not be answered: %s%s", type(error).__name__, place)


def close(parts: Iterable[bytes]) -> None:
    close = getattr(parts, "close", None)
    if close is not None:
        close()

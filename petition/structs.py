"""Structs from JSON and from plain values: what describes a type is made by one thread at a time.

msgspec makes it at the first use and keeps it on the class, where another thread finds it half
made: the process ends with a segmentation fault (msgspec 0.22). Two forms that come at once to a
process that has just started are enough. So nothing else decodes or converts into a type.
"""

from __future__ import annotations

import threading
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")  # Python 3.11 has no other way to say it

_making: Final = threading.Lock()
_decoders: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}


def decoder(of: type[T]) -> msgspec.json.Decoder[T]:
    """What reads JSON into this type; any threads may use it at once."""
    found = _decoders.get(of)
    if found is None:
        with _making:
            found = _decoders.get(of) or msgspec.json.Decoder(of)
            _decoders[of] = found
    return found


def decode(text: str | bytes, of: type[T]) -> T:
    """What the JSON says. Raises msgspec.DecodeError where it is nothing of that type."""
    return decoder(of).decode(text)


def convert(value: object, of: type[T], *, strict: bool = True) -> T:
    """The same of plain values; raises msgspec.ValidationError."""
    decoder(of)
    return msgspec.convert(value, of, strict=strict)

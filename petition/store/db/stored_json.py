"""JSON in a column: read into the type that says what it holds, and written from it.

A field that is added gets a default: rows from before it read, and so do rows of a newer version,
whose further fields are passed over.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from petition import structs

T = TypeVar("T")  # Python 3.11 has no other way to say it


def read(text: str, of: type[T]) -> T:
    """What a column holds. Raises msgspec.DecodeError where it is nothing of that type."""
    return structs.decode(text, of)


def written(value: object, *, order: Literal["sorted"] | None = None) -> str:
    """The text to keep, its fields as they are declared, or in the order of their names.

    It is spaced as json.dumps does it: that is how rows were always written, some are compared as
    texts, and the release before this one looks for words in them.
    """
    return msgspec.json.format(msgspec.json.encode(value, order=order), indent=0).decode()

"""Standard output and error of a process that has to go on where its log finds no room."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STREAMS: Final = ("stdout", "stderr")


class LogStream(io.RawIOBase):
    """Writes at once; what the system does not take is dropped, and no later line waits for it."""

    def __init__(self, file: int) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file

    def isatty(self) -> bool:
        return os.isatty(self._file)

    def write(self, given: ReadableBuffer, /) -> int:
        line = memoryview(given)
        size = len(line)
        while line:
            try:
                line = line[os.write(self._file, line) :]
            except OSError:
                break
        return size


def drop_what_finds_no_room() -> None:
    """From here on, printing and logging never raise: not on a full disk, nor into a closed pipe.

    A standard stream would keep the line, fail again with each later one, and end the process.
    """
    for name in STREAMS:
        stream = getattr(sys, name)
        try:
            file = stream.fileno()
        except (AttributeError, OSError):
            continue  # no file of the system is behind it
        setattr(sys, name, _text(file, encoding=stream.encoding))


def _text(file: int, *, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        LogStream(file),  # type: ignore[arg-type]  # a raw stream will do, as with python -u
        encoding=encoding,
        errors="backslashreplace",
        write_through=True,
    )

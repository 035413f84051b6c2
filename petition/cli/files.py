"""Files that a command writes: whole or not at all, readable by their owner only."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import BinaryIO, Final

import click

from petition import files

_OPEN_ALREADY: Final = re.compile(r"/proc/(?:self|thread-self|\d+)/fd/(\d+)")
_LINKS: Final = 40


def write(chunks: Iterator[bytes], output: str) -> None:
    """To standard output, or to a file that appears only when it is whole (0600).

    What is no file (a device, a pipe) is written to as it is; only a file is replaced.
    """
    if output == "-":
        _write_on(sys.stdout.buffer, chunks)
        return
    try:
        _write(chunks, Path(output).absolute())
    except (BrokenPipeError, click.ClickException):
        raise
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None


def _write(chunks: Iterator[bytes], path: Path) -> None:
    real = _behind_links(path)
    known = _OPEN_ALREADY.fullmatch(str(real))
    if known is not None and int(known[1]) in {0, 1, 2}:
        # Opened anew, a file that a shell appends to would be written from its beginning.
        with os.fdopen(os.dup(int(known[1])), "wb") as stream:
            _write_on(stream, chunks)
    elif known is not None or _is_no_file(real):
        with real.open("wb", buffering=0) as device:
            for chunk in chunks:
                device.write(chunk)
    else:
        with _cleared_away():
            files.write_whole(real, chunks)


def _behind_links(path: Path) -> Path:
    """Where a chain of links leads, stopping at a stream that is open already."""
    for _ in range(_LINKS):
        parent = path.parent.resolve()
        here = parent / path.name
        if _OPEN_ALREADY.fullmatch(str(here)) or not here.is_symlink():
            return here
        path = parent / os.readlink(here)
    return path


def _is_no_file(path: Path) -> bool:
    """True for what is there and cannot be replaced; a folder then refuses to be opened."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _write_on(stream: BinaryIO, chunks: Iterator[bytes]) -> None:
    for chunk in chunks:
        stream.write(chunk)
    stream.flush()


@contextlib.contextmanager
def _cleared_away() -> Iterator[None]:
    """Told to end, we clear the half-written file away first: it holds people's names."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

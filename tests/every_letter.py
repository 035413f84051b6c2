"""Reads every letter that the suite makes, when it appears, and fails the test that made it.

In this process whatever names a file `*.eml` is seen. What another process wrote is found in the
test's folder when it ends, and in those that several tests share when the session ends.
`tests/smtp_server.py` hands over what its SMTP server takes. Each process of pytest-xdist reads its
own.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from tests.letter_rules import faults


class Reader:
    """What was read so far, and what was wrong with it."""

    def __init__(self) -> None:
        self.read = 0
        self.wrong: list[str] = []
        self._seen: set[tuple[str, int]] = set()
        self._right: set[bytes] = set()
        """Digests of files with nothing wrong in them: worlds hand them from test to test."""

    def take(
        self,
        content: bytes,
        recipients: list[str] | None = None,
        where: str = "by SMTP",
        having: Collection[str] = (),
    ) -> None:
        """Read one letter."""
        self.read += 1
        # Not the letter itself: a failing test says what rule broke, by whatever stranger's text.
        self.wrong.extend(f"{where}: {fault}" for fault in faults(content, recipients, having))

    def file(self, path: Path, name: str) -> None:
        """Read one file, once for each time that it is written."""
        stamp = (name, path.stat().st_mtime_ns)
        if stamp not in self._seen:
            self._seen.add(stamp)
            content, before = path.read_bytes(), len(self.wrong)
            digest = hashlib.sha256(content).digest()
            if digest not in self._right:
                self.take(content, where=name)
                if len(self.wrong) == before:
                    self._right.add(digest)

    def check(self) -> None:
        """Fail with what was wrong since the last time."""
        wrong, self.wrong = self.wrong, []
        if wrong:
            pytest.fail("\n".join(wrong), pytrace=False)


reader = Reader()


def _reading(name_file: Callable[..., None]) -> Callable[..., None]:
    """The same for files, but that a letter is read first."""

    @wraps(name_file)
    def read_and_name(source: Any, target: Any, **folders: Any) -> None:
        name = os.fspath(target)
        if isinstance(name, str) and name.endswith(".eml"):
            reader.file(Path(os.fspath(source)), name)
        name_file(source, target, **folders)

    return read_and_name


@pytest.fixture(scope="session", autouse=True)
def every_letter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Begin to read; at the end also what other processes wrote below the tests' folders."""
    # An audit hook would be called for each id() of SQLAlchemy's as well.
    os.rename, os.replace = _reading(os.rename), _reading(os.replace)
    yield
    for path in tmp_path_factory.getbasetemp().rglob("*.eml"):
        reader.file(path, str(path))
    reader.check()


@pytest.fixture(autouse=True)
def letters_of_this_test_are_ours(tmp_path: Path) -> Iterator[None]:
    """The test whose letter breaks a rule fails, before its folder is cleared away."""
    yield
    for path in tmp_path.rglob("*.eml"):
        reader.file(path, str(path))
    reader.check()

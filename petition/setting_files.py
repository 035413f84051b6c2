"""Where settings come from: the environment, files named in it, keys made on the first start."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from petition import files
from petition.errors import SettingError

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MOST: Final = 64 * 1024
"""Bytes that a file with a setting may have; /dev/zero has no end."""


class Source:
    """The environment, where each NAME may also be given as NAME_FILE."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def find(self, name: str) -> str | None:
        value = self._environ.get(name, "").strip()
        path = self.file_of(name)
        if path is not None:
            value = _read(f"{name}_FILE", path)
        if not name.endswith("_KEY") and _CONTROL.search(value):
            raise SettingError(f"{name} takes one line of text")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise SettingError(f"{name} takes text in UTF-8") from None
        return value or None

    def file_of(self, name: str) -> Path | None:
        path = self._environ.get(f"{name}_FILE", "").strip()
        return Path(path) if path and not self._environ.get(name, "").strip() else None

    def get(self, name: str, default: str) -> str:
        return self.find(name) or default

    def whole_number(self, name: str, default: int, *, low: int, high: int) -> int:
        text = self.get(name, str(default))
        # Python refuses to read a number of thousands of digits.
        if not re.fullmatch("[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise SettingError(f"{name} takes a whole number from {low} to {high}")
        return int(text)

    def pair(self, name: str, default: str, *, high: int) -> tuple[int, int]:
        """Two whole numbers from 1 to `high`, with a slash between them."""
        numbers = [part.strip() for part in self.get(name, default).split("/", 1)]
        if len(numbers) != 2 or not all(_is_number(text, high) for text in numbers):
            raise SettingError(
                f"{name} takes two whole numbers from 1 to {high}, at once / in an hour: {default}"
            )
        return int(numbers[0]), int(numbers[1])


def _is_number(text: str, high: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= high


def _read(name: str, path: Path) -> str:
    """What stands in a setting's file."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise SettingError(f"{name} cannot be read: {error.strerror}") from None
    if len(data) > _MOST:
        raise SettingError(f"{name} takes a file of at most {_MOST // 1024} KiB")
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise SettingError(f"{name} takes a file of text in UTF-8") from None


def instance_folder(text: str) -> Path:
    """The instance folder; it may be missing, and is made when something goes there."""
    takes = "PETITION_INSTANCE takes a folder that this user may write into"
    try:
        path = Path(text).absolute()
        if not path.exists():
            return path
    except (OSError, ValueError) as error:
        raise SettingError(f"{takes}: {getattr(error, 'strerror', 'no name of one')}") from None
    if not path.is_dir():
        raise SettingError(f"{takes}: {path} is none")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise SettingError(f"{takes}: {path} is read-only")
    return path


def made_key(name: str, path: Path, make: Callable[[], str], before: Callable[[], None]) -> str:
    """The key in `path`, made on the first start."""
    try:
        if not path.exists():
            before()
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The names must be on the disk too: a key that a power cut takes seals for nobody.
            files.write_once(path, f"{make()}\n".encode())
            files.sync_folder(path.parent.parent)
    except OSError as error:
        raise SettingError(
            f"PETITION_INSTANCE takes a folder that this user may write into: "
            f"{path}: {error.strerror}"
        ) from None
    return _read(f"{name}, in {path},", path)

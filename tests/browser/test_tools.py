"""What developers run to make files that are kept: the README's picture."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tools.screenshot import PICTURE, take

MOST_BYTES = 300_000


def test_the_picture_of_the_readme_is_taken(
    instance: Any, chromium: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "screenshot.png"
    take(chromium, instance.url, path)
    picture, kept = path.read_bytes(), PICTURE.read_bytes()
    assert picture[:8] == kept[:8] == b"\x89PNG\r\n\x1a\n"
    assert _size(picture) == _size(kept), "./run screenshot takes it anew"
    assert max(len(picture), len(kept)) < MOST_BYTES


def _size(picture: bytes) -> tuple[int, ...]:
    return struct.unpack(">II", picture[16:24])

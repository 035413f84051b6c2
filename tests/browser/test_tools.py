"""What developers run to make files that are kept: the pictures of README and docs/design.md."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.instance import ROOT
from tools import pictures
from tools.screenshot import PICTURE, take

MOST_BYTES = 300_000
MOST_BYTES_OF_THE_LOOK = 100_000


def test_the_picture_of_the_readme_is_taken(
    instance: Any, chromium: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "screenshot.png"
    take(chromium, instance.url, path)
    picture, kept = path.read_bytes(), PICTURE.read_bytes()
    assert picture[:8] == kept[:8] == b"\x89PNG\r\n\x1a\n"
    assert _size(picture) == _size(kept), "./run screenshot takes it anew"
    assert max(len(picture), len(kept)) < MOST_BYTES


@pytest.mark.parametrize("name", pictures.SUBJECTS)
def test_a_picture_of_the_look_is_taken(chromium: Browser, tmp_path: Path, name: str) -> None:
    path = tmp_path / "picture.png"
    pictures.take(chromium, name, path)
    picture, kept = path.read_bytes(), (pictures.FOLDER / f"{name}.png").read_bytes()
    assert _size(picture)[0] == _size(kept)[0] == 2 * pictures.WIDTH, "./run pictures takes it anew"
    assert max(len(picture), len(kept)) < MOST_BYTES_OF_THE_LOOK


def test_every_picture_of_the_look_is_shown() -> None:
    shown = re.findall(r"\(design/(\w+)\.png\)", (ROOT / "docs" / "design.md").read_text("utf-8"))
    assert {*shown} == {*pictures.SUBJECTS} == {path.stem for path in pictures.FOLDER.iterdir()}


def _size(picture: bytes) -> tuple[int, ...]:
    return struct.unpack(">II", picture[16:24])

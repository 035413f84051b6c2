"""The machine's Chromium, for tools that need a real browser."""

from __future__ import annotations

from contextlib import AbstractContextManager

from playwright.sync_api import Browser

from tests.browser.launching import chromium_path, running


def chromium() -> AbstractContextManager[Browser]:
    """A running Chromium, until the block ends; SystemExit with one line where there is none."""
    if chromium_path() is None:
        raise SystemExit("there is no chromium; on Debian: apt-get install chromium")
    return running()

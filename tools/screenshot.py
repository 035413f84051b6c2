"""`./run screenshot`: take docs/screenshot.png anew, the campaign page as a new instance shows it.

On the left at desktop width in English, on the right at phone width in Arabic.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from tests.browser.instance import ROOT, run_instance
from tools.browser import chromium
from tools.pictures import beside_each_other

PICTURE: Final = ROOT / "docs" / "screenshot.png"

_HEIGHT: Final = 680
_DESKTOP: Final = ("en", 1120)
_PHONE: Final = ("ar", 390)
_GAP: Final = 24


def main() -> None:
    parser = argparse.ArgumentParser(prog="screenshot", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=PICTURE, help="docs/screenshot.png")
    path = parser.parse_args().output
    with (
        tempfile.TemporaryDirectory() as folder,
        run_instance(Path(folder)) as instance,
        chromium() as browser,
    ):
        take(browser, instance.url, path)
    print(f"{path}: {path.stat().st_size // 1024} KiB")


def take(browser: Browser, url: str, path: Path) -> None:
    """Both pages of a running instance, beside each other, in one file."""
    images = [_page(browser, f"{url}/{code}/amazon", width) for code, width in (_DESKTOP, _PHONE)]
    beside_each_other(browser, images, path, gap=_GAP)


def _page(browser: Browser, url: str, width: int) -> bytes:
    page = browser.new_page(viewport={"width": width, "height": _HEIGHT})
    page.goto(url)
    image = page.screenshot(animations="disabled")
    page.close()
    return image


if __name__ == "__main__":
    main()

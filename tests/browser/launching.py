"""Starting the machine's Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Playwright, sync_playwright

# Chromium takes only the last list of these: the first lines are Playwright's own.
_WITHOUT: Final = (
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "AimEnabled"),
    *("TcpPortRandomizationWin", "OptimizationHints", "NetworkTimeServiceQuerying"),
    *("PreconnectToSearch", "msForceBrowserSignIn"),
    "msEdgeUpdateLaunchServicesPreferredVersion",
    # The address bar's own pages: nobody types there, and each window would load them in a process
    # of their own, for a second of CPU time.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
    *("PreloadTopChromeWebUI", "SpareRendererForSitePerProcess"),
)
QUIET: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    f"--disable-features={','.join(_WITHOUT)}",
)
UNDRAWN: Final = "--disable-threaded-compositing"
"""Pages are laid out, and never drawn: a fifth of what looking at them costs. No picture can be
taken, nothing can wait for a frame, as Playwright's clicks do unless they are by force, and what
asks for the focus does not get it by itself."""


def chromium_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def lightest_path() -> str | None:
    """The Chromium without windows, where there is one: it spends half as much beside its pages."""
    return shutil.which("chromium-headless-shell") or chromium_path()


def launch(playwright: Playwright, *options: str, path: str | None = None) -> Browser:
    """A Chromium that asks for nothing by itself: the one with windows, or that at a path."""
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(
        executable_path=path or chromium_path(), args=[*QUIET, *as_root, *options]
    )


@contextmanager
def running() -> Iterator[Browser]:
    """A Chromium until the block ends."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            yield browser
        finally:
            browser.close()

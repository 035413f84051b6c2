"""A real server with its worker, and a real Chromium, for tests that see what people see."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser.stand import ROOT, Stand, standing

ARTEFACTS = ROOT / "artefacts" / "browser"
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def missing(what: str) -> None:
    """A layer is not there: skip, but never in continuous integration."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"continuous integration leaves no layer out: {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """`petition start` on a port of its own, until the last browser test is done."""
    with standing(tmp_path_factory.mktemp("stand")) as running:
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Ends with its module: while it lives, this thread can run no other event loop."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The machine's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("there is no chromium")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *as_root])
    yield browser
    browser.close()


@dataclass
class Watch:
    """What went on behind a page's back."""

    host: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("console", lambda m: self._said(m.type, m.text))
        context.on("weberror", lambda e: self.complaints.append(str(e.error)))

    def _request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.netloc != self.host and parts.scheme not in {"data", "about", "blob"}:
            self.foreign.append(request.url)

    def _said(self, kind: str, text: str) -> None:
        # The browser itself calls each answer from 400 on an error; these pages mean theirs.
        if kind in {"error", "warning"} and "Failed to load resource" not in text:
            self.complaints.append(text)


@pytest.fixture
def watch(stand: Stand) -> Watch:
    return Watch(urlsplit(stand.url).netloc)


Opening = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, stand: Stand, watch: Watch) -> Iterator[Opening]:
    """open_page(phone=True, script=True, locale="en-GB") -> a page in a fresh profile.

    At the end of the test: no foreign host was asked for anything, and nothing was complained of.
    """
    contexts = []

    def open_one(*, phone: bool = False, script: bool = True, locale: str = "en-GB") -> Page:
        context = chromium.new_context(
            base_url=stand.url,
            viewport=PHONE if phone else DESK,  # type: ignore[arg-type]
            java_script_enabled=script,
            locale=locale,
            accept_downloads=True,
            reduced_motion="reduce",
        )
        contexts.append(context)
        watch.over(context)
        context.set_default_timeout(30_000)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
    assert watch.foreign == []
    assert watch.complaints == []


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder of this run's pictures: those of the last one are gone."""
    shutil.rmtree(ARTEFACTS, ignore_errors=True)
    ARTEFACTS.mkdir(parents=True)
    return ARTEFACTS


@pytest.fixture
def picture(pictures: Path) -> Callable[[Page, str], None]:
    """picture(page, name): keep what it looks like, for people to look at."""

    def take(page: Page, name: str) -> None:
        page.screenshot(path=pictures / f"{name}.png", full_page=True)

    return take

"""A real server with its worker, and a real Chromium, for tests that see what people see."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.browser.instance import DATABASE, ROOT, Instance, make_tables, run_instance
from tests.browser.launching import chromium_path, launch, lightest_path
from tests.templates import MadeOnce

HERE = Path(__file__).parent
ARTEFACTS = ROOT / "artefacts" / "browser"
PICTURED = os.environ.get("PICTURES", "") not in {"", "0"}
# No page lives long enough to gain by what is made of its scripts while they run; what was read of
# a script is kept for the next page that has it.
SHORT_LIVED: Final = "--js-flags=--no-opt --no-maglev --no-flush-bytecode"
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
# As patient, on a busy machine, as Playwright is with all else that it waits for.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.browser)


def missing(what: str) -> None:
    """A layer is not there: skip, but never in continuous integration."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"continuous integration leaves no layer out: {what}")
    pytest.skip(what)


class Driver:
    """Playwright, its browsers and a server, begun once in a process.

    They end with its last browser test: while Playwright lives, this thread can run no other event
    loop, and an idle worker costs two parts in a hundred of a core.
    """

    def __init__(self) -> None:
        self._driver: Playwright | None = None
        self._server = ExitStack()
        self._instance: Instance | None = None
        self._browsers: dict[tuple[bool, tuple[str, ...]], Browser] = {}

    def browser(self, *options: str, whole: bool = False) -> Browser:
        """The machine's Chromium; the same one for the same options.

        It may be the one without windows; `whole` is for what only the other one heeds.
        """
        if chromium_path() is None:
            missing("there is no chromium")
        if self._driver is None:
            self._driver = sync_playwright().start()
        kind = (whole, options)
        if kind not in self._browsers:
            path = chromium_path() if whole else lightest_path()
            self._browsers[kind] = launch(self._driver, SHORT_LIVED, *options, path=path)
        return self._browsers[kind]

    def instance(self, folder: Callable[[], Path], tables: Path) -> Instance:
        """`petition start` on a port of its own."""
        if self._instance is None:
            self._instance = self._server.enter_context(run_instance(folder(), tables=tables))
        return self._instance

    def end(self) -> None:
        self._server.close()
        self._instance = None
        for browser in self._browsers.values():
            browser.close()
        self._browsers.clear()
        if self._driver is not None:
            self._driver.stop()
            self._driver = None


driver = Driver()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After what the last browser test used is put away."""
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        driver.end()


@pytest.fixture(scope="session")
def browsers() -> Driver:
    return driver


@pytest.fixture(scope="session")
def tables(made_once: MadeOnce) -> Path:
    """A database that each `petition start` can begin with."""
    return made_once.folder("sqlite-tables", make_tables) / DATABASE


@pytest.fixture(scope="module")
def instance(browsers: Driver, tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """`petition start` on a port of its own, the same one for all files that ask for no other."""
    return browsers.instance(lambda: tmp_path_factory.mktemp("instance"), tables)


@pytest.fixture(scope="module")
def chromium(browsers: Driver) -> Browser:
    """The machine's Chromium."""
    return browsers.browser()


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
def watch(instance: Instance) -> Watch:
    return Watch(urlsplit(instance.url).netloc)


Opening = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, instance: Instance, watch: Watch) -> Iterator[Opening]:
    """open_page(phone=True, script=True, locale="en-GB") -> a page in a fresh profile.

    At the end of the test: no foreign host was asked for anything, and nothing was complained of.
    """
    contexts = []

    def open_one(*, phone: bool = False, script: bool = True, locale: str = "en-GB") -> Page:
        context = chromium.new_context(
            base_url=instance.url,
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            java_script_enabled=script,
            locale=locale,
            accept_downloads=True,
            reduced_motion="reduce",
        )
        contexts.append(context)
        watch.over(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
    assert watch.foreign == []
    assert watch.complaints == []


@pytest.fixture(scope="session")
def pictures(testrun_uid: str) -> Path:
    """The folder of this run's pictures: those of the last one are gone."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    # Several processes run the tests: the first one that comes here clears the folder.
    with (ARTEFACTS / ".run").open("a+", encoding="utf-8") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        mark.seek(0)
        if PICTURED and mark.read() != testrun_uid:
            for old in ARTEFACTS.glob("*.png"):
                old.unlink()
            mark.truncate(0)
            mark.write(testrun_uid)
    return ARTEFACTS


@pytest.fixture(scope="session")
def take_picture(pictures: Path) -> Callable[[Page, str], None]:
    """take_picture(page, name): keep what it looks like, where PICTURES=1 says that people look.

    A picture of a whole page costs as much as opening it.
    """

    def take(page: Page, name: str) -> None:
        if PICTURED:
            page.screenshot(path=pictures / f"{name}.png", full_page=True)

    return take


@pytest.fixture(scope="session")
def keep_picture(pictures: Path) -> Callable[[Page, str], None]:
    """keep_picture(page, name): what the window shows, kept in every run, PICTURES=1 or not."""

    def keep(page: Page, name: str) -> None:
        page.screenshot(path=pictures / f"{name}.png", full_page=PICTURED)

    return keep


@pytest.fixture
def picture(take_picture: Callable[[Page, str], None]) -> Callable[[Page, str], None]:
    return take_picture
